import pytest
import torch

from tests.compiler.passes.stages import after, results_around


@pytest.mark.parametrize("name", ["batch_norm", "clipped_norm", "ClippedAdam", "score_function"])
def test_nothing_is_mutated_and_results_stay(name):
    before, now, draft = results_around(name, 0, 1)
    for node in draft.module.graph.nodes:
        schema = getattr(node.target, "_schema", None)
        assert schema is None or not schema.is_mutable or "record_function" in schema.name, node.target
    for got, expected in zip(now, before, strict=True):
        torch.testing.assert_close(got, expected)


def test_inputs_that_were_mutated_are_results():
    draft = after("batch_norm", 1)
    inputs = [slot.tensor.clone() for slot in draft.slots]
    copies = [value.clone() for value in inputs]
    with torch.no_grad():
        draft.module(*inputs)
    assert all(map(torch.equal, inputs, copies))


def test_every_node_tells_its_shape():
    for node in after("full_rank", 1).module.graph.nodes:
        assert node.op == "output" or "val" in node.meta or "record_function" in str(node.target)
