"""A run goes over to a faster lowering between two steps or chunks, and its numbers do not tell when."""

import pytest
import torch

import pyro
from pyro.compiler import compiled as compiled_module
from pyro.compiler import plan as plan_module
from pyro.compiler.errors import Unsupported
from pyro.compiler.inductor.later import Later
from pyro.compiler.inductor.lowering import Inductor
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam
from tests.infer.inferences import guide, make, model


class Package:
    """Stands for compiled code."""

    def __init__(self, graph):
        self.graph = graph

    def run(self, given):
        return list(self.graph.module(*given))


@pytest.fixture
def comes_after(monkeypatch):
    """No loop program; compiled code comes when it was asked for some times."""
    def refuse(graph, strict):
        raise Unsupported("no row for aten.fft")

    def set_count(count, large):
        asked = []

        def poll(later, seconds_left=None):
            asked.append(seconds_left)
            return Inductor(later.graph, Package(later.graph)) if len(asked) > count else None

        monkeypatch.setitem(plan_module._LARGE, "cpu", large)
        monkeypatch.setattr(Later, "poll", poll)
        return asked

    monkeypatch.setattr(plan_module, "compile_loop", refuse)
    monkeypatch.setattr(Later, "from_store", lambda later: None)
    monkeypatch.setattr(compiled_module, "_CHUNK_SECONDS", 0.0)  # chunks of one step
    return set_count


def outcome(num_steps=40):
    with pyro.get_param_store().scope():
        torch.manual_seed(1)
        svi = make(optim=Adam({"lr": 0.02}))
        result = svi.run(num_steps)
        return svi, result, torch.cat([result.losses, *(value.reshape(1) for value in result.params.values()),
                                       torch.tensor([svi.step()]), torch.rand(1)])


@pytest.mark.parametrize(("large", "before"), [(0, "eager"), (10**6, "captured graph")])
def test_the_numbers_do_not_depend_on_when_it_comes(comes_after, large, before):
    ends = []
    for count in (0, 1, 7, 10**6):
        comes_after(count, large)
        svi, result, numbers = outcome()
        ends.append(numbers)
        ways = [part.how for part in result.parts]
        assert ways[0] == "eager" and ("inductor" in ways) == (count < 10**6) and sum(
            part.steps for part in result.parts) == 40
        assert svi.explain().startswith(f"runs as: {ways[-1]} ")
    for numbers in ends:
        torch.testing.assert_close(numbers, ends[-1], rtol=1e-5, atol=1e-5)


def test_the_parts_tell(comes_after):
    asked = comes_after(5, 0)
    _, result, _ = outcome()
    assert [(part.how, part.steps) for part in result.parts] == [("eager", 2), ("eager", 6), ("inductor", 32)]
    assert len(asked) == 6 and all(seconds > 0 for seconds in asked)
    assert "6 eager" in str(result) and "32 inductor" in str(result)


def test_compiling_stops_with_the_run(comes_after, monkeypatch):
    stopped = []
    comes_after(10**6, 0)
    monkeypatch.setattr(Later, "stop", lambda later: stopped.append(later))
    outcome(5)
    assert len(stopped) == 1


def test_a_loop_of_compiled_steps_goes_over_as_well(comes_after):
    from_run = comes_after(3, 0)
    torch.manual_seed(1)
    svi = SVI(model, guide, Adam({"lr": 0.05}), Trace_ELBO(), compile=True)
    losses = [svi.step() for _ in range(12)]
    assert svi.explain().startswith("runs as: inductor") and set(from_run) == {None}
    with pyro.get_param_store().scope():
        torch.manual_seed(1)
        eager = make()
        assert losses == pytest.approx([eager.step() for _ in range(12)], rel=1e-5)
