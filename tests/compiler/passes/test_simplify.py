import pytest
import torch

from pyro.compiler.graph import InputRole
from pyro.compiler.passes.draft import Draft, Slot
from pyro.compiler.passes.simplify import simplify
from tests.compiler.passes.stages import after, calls, results, results_around
from tests.compiler.recorded import recorded

X = torch.tensor([1.0, 4.0])


def simplified(fn, *tensors):
    tensors = tensors or (X,)
    slots = tuple(Slot(f"{i}", InputRole.CONSTANT, tensor) for i, tensor in enumerate(tensors))
    return simplify(Draft(recorded(fn, *tensors), slots, (None,), ("value",)))


@pytest.mark.parametrize(("fn", "expected"), [
    (lambda x: x.clone().detach() + 1, ["aten.add.Tensor"]),
    (lambda x: x.expand(2).reshape(2).view(2) + 1, ["aten.add.Tensor"]),
    (lambda x: (x.exp(), x + 1)[1], ["aten.add.Tensor"]),
    (lambda x: x.exp() + x.exp(), ["aten.exp.default", "aten.add.Tensor"]),
    (lambda x: (x + 1) * (x + 1) - (x + 1), ["aten.add.Tensor", "aten.mul.Tensor", "aten.sub.Tensor"]),
    (lambda x: x.double() + 1, ["aten._to_copy.default", "aten.add.Tensor"]),
    (lambda x: x.to(torch.float32, copy=True) + 1, ["aten.add.Tensor"]),
    (lambda x: x.view(1, 2) + 1, ["aten.view.default", "aten.add.Tensor"]),
    (lambda x: x.expand(2, 2).contiguous().view(4), ["aten.expand.default", "aten.clone.default", "aten.view.default"]),
])
def test_what_is_left(fn, expected):
    draft = simplified(fn)
    assert calls(draft) == expected
    torch.testing.assert_close(results(draft)[0], fn(X))


@pytest.mark.parametrize("fn", [
    lambda x: torch.full((2,), 1) + torch.full((2,), 1.0) * x, lambda x: x.sum(0) + x.sum(0, keepdim=True),
    lambda x: x.pow(2) / x.pow(2.0) + x.pow(3), lambda x: torch.full((2,), True) * torch.full((2,), 2) + x])
def test_arguments_that_only_look_equal_are_kept_apart(fn):
    got, expected = results(simplified(fn))[0], fn(X)
    assert got.dtype == expected.dtype
    torch.testing.assert_close(got, expected)


def test_random_draws_stay_apart_even_if_nobody_uses_them():
    draft = simplified(lambda x: (torch.rand(2), x + torch.rand(2) - torch.rand(2))[1])
    assert calls(draft).count("aten.rand.default") == 3


@pytest.mark.parametrize("name", ["eight_schools", "mixture"])
def test_results_stay(name):
    before, now, _ = results_around(name, 0, 1)
    assert all(map(torch.equal, now, before))


def test_it_is_done_after_one_pass():
    draft = after("eight_schools", 1)
    once = calls(draft)
    assert calls(simplify(draft)) == once
