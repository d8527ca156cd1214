"""Two steps share compiled code only if nothing differs that it depends on."""

from dataclasses import replace

import pytest
import torch

from pyro.compiler.graph import StepGraph
from pyro.compiler.inductor import key as module
from pyro.compiler.inductor.key import constants, key_of
from tests.compiler.inductor.steps import noisy_descent, step_graph


def with_constant(value):
    constant = torch.tensor([value])
    return step_graph(lambda *args: (*(results := noisy_descent(*args))[:3], results[3] + constant.sum(), results[4]))


def in_half_the_batch():
    graph = step_graph()
    spec = replace(graph.inputs[3].spec, shape=(1, 4, 6, 6))
    return StepGraph(graph.module, (*graph.inputs[:3], replace(graph.inputs[3], spec=spec), *graph.inputs[4:]),
                     graph.outputs)


def test_the_same_step_has_the_same_key():
    assert key_of(step_graph()) == key_of(step_graph())
    assert key_of(with_constant(1.5)) == key_of(with_constant(1.5))
    assert len(key_of(step_graph())) == 64


def test_constants_are_part_of_the_step():
    ((_, value),) = constants(with_constant(1.5))
    assert value.tolist() == [1.5]


@pytest.mark.parametrize("other", [
    lambda: with_constant(1.5), in_half_the_batch,
    lambda: step_graph(lambda *args: (*noisy_descent(*args)[:3], args[4] * 2.0, args[4] > 0))])
def test_another_step_has_another_key(other):
    assert key_of(other()) != key_of(step_graph())


def test_the_value_of_a_constant_counts():
    assert key_of(with_constant(1.5)) != key_of(with_constant(1.25))


@pytest.mark.parametrize(("owner", "name", "value"), [
    (torch, "__version__", "3.0"), (module, "compiler_version", lambda path: "g++ 99"), (module, "cxx", lambda: None),
    (module.llvm, "get_host_cpu_name", lambda: "another"), (torch, "get_num_threads", lambda: 77)])
def test_the_machine_counts(monkeypatch, owner, name, value):
    before = key_of(step_graph())
    monkeypatch.setattr(owner, name, value)
    assert key_of(step_graph()) != before
