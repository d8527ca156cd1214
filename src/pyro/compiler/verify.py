"""What a legal graph is; run between passes, so that a wrong rewrite is found where it was made."""

from pyro.compiler.graph import InputRole
from pyro.compiler.passes.draft import Draft

__all__ = ["verify"]


def verify(draft: Draft) -> None:
    """Checks a draft's form.

    Raises:
        AssertionError: if the graph is malformed or does not fit its slots.
    """
    draft.graph.lint()
    placeholders, results = draft.placeholders(), draft.results()
    if len(placeholders) != len(draft.slots):
        raise AssertionError(f"{len(placeholders)} placeholders for {len(draft.slots)} slots")
    if len(results) != len(draft.state_of_output):
        raise AssertionError(f"{len(results)} results, expected {len(draft.state_of_output)}")
    states = [i for i, slot in enumerate(draft.slots) if slot.role is InputRole.STATE]
    if sorted(i for i in draft.state_of_output if i is not None) != states:
        raise AssertionError("each state input needs one output with its new value, and nothing else has one")
    if any(node.op in ("get_attr", "call_module") for node in draft.graph.nodes):
        raise AssertionError("a tensor is hidden in the graph instead of being an input")
