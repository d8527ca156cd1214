from pyro.compiler.graph import InputRole, OutputRole
from tests.compiler.passes.stages import after


def test_a_draft_finishes_as_a_step_graph():
    draft = after("subsampled_plate", 3)
    graph = draft.finish()
    assert [spec.name for spec in graph.inputs] == [slot.name for slot in draft.slots]
    assert [spec.role for spec in graph.inputs] == [slot.role for slot in draft.slots]
    assert len(draft.placeholders()) == len(graph.inputs) and len(draft.results()) == len(graph.outputs)
    for out in graph.outputs:
        if out.role is OutputRole.STATE:
            into = graph.inputs[out.state]
            assert into.role is InputRole.STATE and out.name == into.name
            assert (out.spec.shape, out.spec.dtype) == (into.spec.shape, into.spec.dtype)
    assert [out.name for out in graph.outputs if out.role is OutputRole.RECORD] == ["loss", "passed"]
