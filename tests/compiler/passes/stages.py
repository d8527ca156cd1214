"""The captured step of a problem after each pass."""

import torch
from torch.fx import GraphModule

from pyro.compiler.capture import capture
from pyro.compiler.passes.draws import draws_to_inputs
from pyro.compiler.passes.simplify import simplify
from tests.compiler.models import MODELS
from tests.compiler.trajectories import warmed_up

PASSES = (simplify, draws_to_inputs, simplify)


def captured(problem):
    if isinstance(problem, str):
        problem = MODELS[problem]()
    return capture(warmed_up(problem)._program(), problem.args, problem.kwargs).draft


def after(problem, num_passes):
    """The draft after some passes."""
    draft = captured(problem)
    for rewrite in PASSES[:num_passes]:
        draft = rewrite(draft)
    return draft


def results_around(problem, first, last):
    """What a draft computes before and after some of the passes."""
    draft = after(problem, first)
    before = results(draft)
    for rewrite in PASSES[first:last]:
        draft = rewrite(draft)
    return before, results(draft), draft


def calls(draft):
    """The names of the operations, in order."""
    return [str(node.target) for node in draft.graph.nodes if node.op == "call_function"]


def results(draft):
    """What the draft computes from its slots' tensors, which stay as they are."""
    torch.manual_seed(5)
    inputs = [slot.draw.once() if slot.tensor is None else slot.tensor.clone() for slot in draft.slots]
    with torch.no_grad():
        return GraphModule(torch.nn.Module(), draft.graph)(*inputs)
