"""A step moved to one device as a whole.

Counters and learning rates are often on the CPU when all else is on a GPU. What the CPU computes cannot be part of a
CUDA graph: it would be done once, at the recording.
"""

from dataclasses import replace
from typing import Any

import torch
from torch.fx import Graph, GraphModule, Node
from torch.utils._pytree import tree_map

from pyro.compiler.errors import Unsupported
from pyro.compiler.graph import Executable, StepGraph

__all__ = ["accelerator", "on_device"]


def accelerator(graph: StepGraph) -> torch.device | None:
    """The one CUDA device on which a step's inputs are, numbers on the CPU aside; ``None`` if there is none.

    Args:
        graph: the step.

    Raises:
        Unsupported: if there are several, or if tensors with several elements are on the CPU as well.
    """
    devices = {given.spec.device for given in graph.inputs if given.spec.device.type == "cuda"}
    if not devices:
        return None
    others = [given.name for given in graph.inputs if given.spec.device.type != "cuda" and given.spec.shape]
    if len(devices) > 1 or others:
        where = ", ".join(sorted(map(str, devices)))
        raise Unsupported(f"its inputs are not all on one device: {where}" + (
            f"; on the CPU: {', '.join(others)}" if others else ""))
    return devices.pop()


def on_device(graph: StepGraph, device: torch.device) -> StepGraph:
    """The same step with everything on one device.

    Args:
        graph: the step.
        device: where its inputs, constants and results are afterwards.
    """
    def moved(value: Any) -> Any:
        return device if isinstance(value, torch.device) else value

    constants = {str(node.target): _attribute(graph.module, str(node.target)).to(device)
                 for node in graph.module.graph.nodes if node.op == "get_attr"}
    copy, copies = Graph(), dict[Node, Node]()
    result = copy.graph_copy(graph.module.graph, copies)
    copy.output(result)
    for node in copy.nodes:
        node.args, node.kwargs = tree_map(moved, node.args), tree_map(moved, node.kwargs)
    inputs = tuple(replace(given, spec=replace(given.spec, device=device)) for given in graph.inputs)
    outputs = tuple(replace(output, spec=replace(output.spec, device=device)) for output in graph.outputs)
    return StepGraph(GraphModule(constants, copy), inputs, outputs)


def _attribute(module: GraphModule | Executable, name: str) -> Any:
    value: Any = module
    for part in name.split("."):
        value = getattr(value, part)
    return value
