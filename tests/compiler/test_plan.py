import pytest
import torch

from pyro.compiler import plan as module
from pyro.compiler.errors import Unsupported
from pyro.compiler.plan import plan
from pyro.compiler.replay import Replay
from tests.compiler.models import MODELS
from tests.compiler.trajectories import compiled_step


@pytest.fixture
def graph():
    return compiled_step(MODELS["normal"]()).graph


def test_the_first_lowering_that_takes_the_step(graph, monkeypatch):
    class Fast:
        name = "fast"

    monkeypatch.setattr(module, "compile_loop", lambda graph: Fast())
    chosen = plan(graph)
    assert isinstance(chosen.lowering, Fast)
    assert (chosen.name, chosen.reasons) == ("loop program", ()) and chosen.seconds >= 0


def test_the_captured_graph_takes_every_step_and_says_why(graph, monkeypatch):
    def refuse(graph):
        raise Unsupported("no row for aten.fft")

    monkeypatch.setattr(module, "compile_loop", refuse)
    chosen = plan(graph)
    assert isinstance(chosen.lowering, Replay) and chosen.name == "captured graph"
    assert any("no row for aten.fft" in reason for reason in chosen.reasons)


def test_eager_steps_where_time_goes_into_large_tensors(graph, monkeypatch):
    def refuse(graph):
        raise Unsupported("no row for aten.fft")

    monkeypatch.setattr(module, "compile_loop", refuse)
    monkeypatch.setattr(module, "_LARGE", 0)
    chosen = plan(graph)
    assert chosen.lowering is None and chosen.name == "eager"
    assert "no loop program: no row for aten.fft" in chosen.reasons


def test_planning_draws_no_random_numbers(graph):
    before = torch.get_rng_state()
    plan(graph)
    assert torch.equal(before, torch.get_rng_state())
