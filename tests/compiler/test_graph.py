import pytest
import torch

from pyro.compiler.graph import InputRole, OutputRole, TensorSpec
from tests.compiler.models import MODELS
from tests.compiler.trajectories import compiled_step


@pytest.mark.parametrize("tensor", [torch.ones(3, 2).T, torch.tensor(1.0), torch.arange(4)[::2], torch.ones(2).bool()])
def test_a_spec_tells_what_is_known_of_a_tensor(tensor):
    spec = TensorSpec.of(tensor)
    assert (spec.shape, spec.stride, spec.dtype, spec.device) == (
        tuple(tensor.shape), tensor.stride(), tensor.dtype, tensor.device)


def test_inputs_and_outputs_of_a_step():
    graph = compiled_step(MODELS["subsampled_plate"]()).graph
    state = [i for i, spec in enumerate(graph.inputs) if spec.role is InputRole.STATE]
    assert [graph.inputs[i].name for i in state] == [
        "loc", "scale", "loc.step", "loc.exp_avg", "loc.exp_avg_sq", "scale.step", "scale.exp_avg", "scale.exp_avg_sq"]
    assert [out.state for out in graph.outputs if out.role is OutputRole.STATE] == state
    assert [(out.name, out.state) for out in graph.outputs if out.role is OutputRole.RECORD] == [
        ("loss", None), ("passed", None)]
    rows = [spec.spec.shape for spec in graph.inputs if spec.role is InputRole.ROW]
    assert sorted(rows) == [(), (5,)], "the latent variable and the rows of the subsample"
    assert len(graph.module(*_examples(graph))) == len(graph.outputs)


def _examples(graph):
    return [torch.zeros(spec.spec.shape, dtype=spec.spec.dtype) for spec in graph.inputs]
