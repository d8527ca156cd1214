from dataclasses import replace

import pytest
import torch

from pyro import settings
from pyro.compiler import plan as module
from pyro.compiler.cuda_graph import CudaGraph
from pyro.compiler.errors import Unsupported
from pyro.compiler.graph import StepGraph
from pyro.compiler.inductor.later import Later
from pyro.compiler.inductor.lowering import Inductor
from pyro.compiler.plan import plan
from pyro.compiler.replay import Replay
from tests.compiler.inductor.steps import step_graph
from tests.compiler.models import MODELS
from tests.compiler.trajectories import compiled_step


@pytest.fixture
def graph():
    return compiled_step(MODELS["normal"]()).graph


def test_the_first_lowering_that_takes_the_step(graph, monkeypatch):
    class Fast:
        name = "fast"

    monkeypatch.setattr(module, "compile_loop", lambda graph, strict: Fast())
    chosen = plan(graph)
    assert isinstance(chosen.lowering, Fast)
    assert (chosen.name, chosen.reasons) == ("loop program", ()) and chosen.seconds >= 0


def test_the_captured_graph_takes_every_step_and_says_why(graph, monkeypatch):
    def refuse(graph, strict):
        raise Unsupported("no row for aten.fft")

    monkeypatch.setattr(module, "compile_loop", refuse)
    chosen = plan(graph)
    assert isinstance(chosen.lowering, Replay) and chosen.name == "captured graph"
    assert any("no row for aten.fft" in reason for reason in chosen.reasons)


def test_eager_steps_where_time_goes_into_large_tensors(graph, monkeypatch):
    def refuse(graph, strict):
        raise Unsupported("no row for aten.fft")

    monkeypatch.setattr(module, "compile_loop", refuse)
    monkeypatch.setitem(module._LARGE, "cpu", 0)
    chosen = plan(graph)
    assert chosen.lowering is None and chosen.name == "eager"
    assert "no loop program: no row for aten.fft" in chosen.reasons


def test_planning_draws_no_random_numbers(graph):
    before = torch.get_rng_state()
    plan(graph)
    assert torch.equal(before, torch.get_rng_state())


@pytest.fixture
def compiled(monkeypatch):
    """What Inductor made, by when it is asked."""
    made = {"from the store": None, "later": None}
    monkeypatch.setattr(Later, "from_store", lambda later: made["from the store"])
    monkeypatch.setattr(Later, "poll", lambda later, seconds_left: made["later"])
    return made


@pytest.mark.parametrize(("large", "name"), [(0, "eager"), (10**6, "captured graph")])
def test_inductor_takes_over_when_it_is_there(compiled, monkeypatch, large, name):
    monkeypatch.setitem(module._LARGE, "cpu", large)
    graph = step_graph()
    chosen = plan(graph)
    assert chosen.name == name and chosen.advance(1.0) is chosen
    assert chosen.draws_as_eager == (name == "eager"), "eager steps may be part of the run"
    compiled["later"] = Inductor(graph, None)
    after = chosen.advance(1.0)
    assert after.lowering is compiled["later"] and after.name == "inductor" and after.later is None
    assert after.draws_as_eager == chosen.draws_as_eager and after.advance() is after
    assert len(after.reasons) == 1 and after.reasons[0].startswith("no loop program")


def test_inductor_at_once_where_the_step_is_in_the_store(compiled):
    compiled["from the store"] = Inductor(step_graph(), None)
    assert plan(step_graph()).lowering is compiled["from the store"]


def test_a_step_with_keyed_samplers_has_no_inductor(monkeypatch):
    def refuse(graph, strict):
        raise Unsupported("no row for aten.fft")

    monkeypatch.setattr(module, "compile_loop", refuse)
    chosen = plan(compiled_step(MODELS["gamma_guide"]()).graph)
    assert chosen.later is None and not chosen.draws_as_eager and chosen.advance(1e6) is chosen
    assert any(reason.startswith("no inductor: flashover.standard_gamma") for reason in chosen.reasons)


def on_cuda(graph):
    """The graph as if its inputs were on a device; nothing runs there."""
    device = torch.device("cuda", 0)
    return StepGraph(graph.module, tuple(replace(given, spec=replace(given.spec, device=device))
                                         for given in graph.inputs), graph.outputs)


def test_graphs_of_many_steps_on_a_cuda_device():
    with settings.context(inductor=False):
        chosen = plan(on_cuda(step_graph()))
    assert isinstance(chosen.lowering, CudaGraph) and chosen.name == "captured graph, replayed by CUDA"
