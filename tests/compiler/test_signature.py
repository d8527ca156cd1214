"""What a captured step depends on is in its signature; what is an input is not."""

from collections import namedtuple
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn

import pyro
from pyro import poutine
from pyro.compiler.program import Program
from pyro.compiler.signature import arguments, signature, what_changed

Pair = namedtuple("Pair", ["first", "second"])


@dataclass
class Opaque:
    data: torch.Tensor
    scale: float


def program(**options):
    leaves = [torch.zeros(2, requires_grad=True), torch.zeros((), requires_grad=True)]
    optimizer = torch.optim.SGD([{"params": [leaf]} for leaf in leaves], **{"lr": 0.1, **options})
    return Program(lambda: leaves[0].sum(), {"a": leaves[0], "b": leaves[1]}, optimizer, {})


PROGRAM = program()


def of(*args, program=PROGRAM, functions=None, ignored=(), **kwargs):
    return signature(program, args, kwargs, functions or {}, set(ignored))


def test_arguments_are_found_in_order():
    a, b, c = torch.zeros(1), torch.ones(2), torch.ones(3)
    found = arguments((a, {"x": [b, 1.0]}), {"k": Pair(c, "text")})
    assert all(x is y for x, y in zip(found, (a, b, c), strict=True))


@pytest.mark.parametrize(("one", "other"), [
    (torch.zeros(3), torch.ones(3)), (1.5, 2.5), ("a", "a"), (None, None), ((1, 2), (1, 2)),
    ({"x": torch.zeros(2)}, {"x": torch.ones(2)}), (Pair(torch.zeros(1), 2), Pair(torch.ones(1), 2)),
])
def test_values_of_tensors_do_not_count(one, other):
    assert of(one) == of(other) and hash(of(one)) == hash(of(other))


@pytest.mark.parametrize(("one", "other"), [
    (torch.zeros(3), torch.zeros(4)), (torch.zeros(3), torch.zeros(3, dtype=torch.float64)),
    (torch.zeros(2, 2), torch.zeros(2, 1).expand(2, 2)), (torch.zeros(3), torch.zeros(3, requires_grad=True)),
    (torch.zeros(3), nn.Parameter(torch.zeros(3))), (1, 1.0), (1, True), (1, 2), ("a", "b"),
    (torch.zeros(2), [torch.zeros(2)]), ({"x": torch.zeros(2)}, {"y": torch.zeros(2)}),
    (Pair(torch.zeros(1), 2), (torch.zeros(1), 2)), (Pair(torch.zeros(1), 2), Pair(torch.zeros(1), 3)),
])
def test_arguments_that_need_a_capture_of_their_own(one, other):
    assert of(one) != of(other)
    assert of(key=one) != of(key=other) and of(one) != of(key=one)


def test_an_opaque_container_counts_by_what_it_holds():
    data = torch.zeros(3)
    batch = Opaque(data, 1.0)
    first = of(batch)
    assert first == of(batch) and hash(first) == hash(of(batch))
    data.fill_(1.0)
    assert first == of(batch), "the captured step reads the same tensor"
    batch.data = torch.zeros(3)
    assert first != of(batch)
    assert of(batch) != of(Opaque(batch.data, 1.0))


def test_an_object_that_is_gone_is_not_taken_for_a_new_one():
    """Its address may be."""

    keys = [of(Opaque(torch.zeros(1), i)) for i in range(50)]
    assert len(set(keys)) == 50


def test_training_flags_count():
    module = nn.Sequential(nn.Linear(1, 1), nn.Dropout())
    first = of(functions={"model": module})
    assert first == of(functions={"model": module})
    module[1].eval()
    assert first != of(functions={"model": module}) and first != of(functions={"model": nn.Linear(1, 1)})
    assert "'model' is another one, or was switched" in what_changed(first, of(functions={"model": module}))


def test_closed_over_variables_count():
    data, count = torch.zeros(2), 0

    def model():
        return data, count

    first = of(functions={"model": model})
    data.fill_(1.0)
    assert first == of(functions={"model": model})
    data = torch.zeros(2)
    changed = of(functions={"model": model})
    assert first != changed and "'model.data' is another one" in what_changed(first, changed)
    before, count = of(functions={"model": model}), 1
    assert before != of(functions={"model": model})
    assert of(functions={"model": model}, ignored=["model.count"]) != of(functions={"model": model})


def test_parameters_count():
    other = program()
    assert of() != of(program=other)
    assert of() != of(program=replace(PROGRAM, parameters={"a": PROGRAM.parameters["a"]}))


def test_options_count_but_not_the_values_of_floats():
    made = program(momentum=0.9)
    first = of(program=made)
    made.optimizer.param_groups[0]["lr"] = 0.5
    made.optimizer.param_groups[0]["momentum"] = 0.8
    assert first == of(program=made)
    for name, value in (("nesterov", True), ("momentum", 1), ("lr", torch.tensor(0.5))):
        before, made.optimizer.param_groups[0][name] = made.optimizer.param_groups[0][name], value
        assert first != of(program=made)
        made.optimizer.param_groups[0][name] = before
    assert first == of(program=made)
    made.optimizer.param_groups.reverse()
    assert first != of(program=made), "the first rate is another parameter's now"
    assert what_changed(first, of(program=made)) == "an option of the optimiser changed"


def test_settings_and_handlers_around_the_call_count():
    first = of()
    with pyro.validation_enabled(False):
        assert of() != first
    torch.set_default_dtype(torch.float64)
    try:
        assert of() != first
    finally:
        torch.set_default_dtype(torch.float32)
    with poutine.scale(scale=2.0):
        assert of() != first
    assert of() == first


@pytest.mark.parametrize(("new", "text"), [
    (of(torch.zeros(2)), "the arguments nest differently"), (of(), "asks about a number"),
    (of(program=program()), "the program has other parameters"),
])
def test_the_reason_for_a_new_capture(new, text):
    assert text in what_changed(of(), new)
