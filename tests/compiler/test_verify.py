"""Each way in which a rewrite can break a graph is found."""

from dataclasses import replace

import pytest

from pyro.compiler.capture import capture
from pyro.compiler.graph import InputRole
from pyro.compiler.verify import verify
from tests.compiler.models import MODELS
from tests.compiler.trajectories import warmed_up


@pytest.fixture
def draft():
    problem = MODELS["closure"]()
    return capture(warmed_up(problem)._program(), problem.args, problem.kwargs).draft


def test_a_good_draft_passes(draft):
    verify(draft)


def without_a_slot(draft):
    return replace(draft, slots=draft.slots[:-1])


def without_a_result(draft):
    return replace(draft, state_of_output=draft.state_of_output[:-1])


def with_one_state_twice(draft):
    return replace(draft, state_of_output=(1, *draft.state_of_output[1:]))


def with_a_constant_as_result(draft):
    constant = next(i for i, slot in enumerate(draft.slots) if slot.role is InputRole.CONSTANT)
    return replace(draft, state_of_output=(constant, *draft.state_of_output[1:]))


def with_a_hidden_tensor(draft):
    with draft.graph.inserting_after(draft.placeholders()[-1]):
        draft.graph.get_attr("hidden")
    return draft


@pytest.mark.parametrize(("broken", "message"), [
    (without_a_slot, "placeholders for"), (without_a_result, "results, expected"),
    (with_one_state_twice, "each state input needs one output"),
    (with_a_constant_as_result, "each state input needs one output"), (with_a_hidden_tensor, "hidden in the graph")])
def test_a_broken_draft_does_not(draft, broken, message):
    with pytest.raises(AssertionError, match=message):
        verify(broken(draft))


def test_a_result_used_before_it_is_computed_is_found(draft):
    nodes = [node for node in draft.graph.nodes if node.op == "call_function" and node.users]
    nodes[-1].append(nodes[0])
    with pytest.raises(RuntimeError, match="used before it has been defined"):
        verify(draft)
