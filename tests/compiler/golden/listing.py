"""A normalised listing of a captured graph: one line an input, an operation and an output, without torch's names."""

from typing import Any

from torch.fx import Node

from pyro.compiler.graph import StepGraph, TensorSpec


def listing(graph: StepGraph) -> str:
    """What a graph takes, computes and returns; values are numbered in order."""
    numbers: dict[Node, str] = {}
    lines = []
    inputs = iter(graph.inputs)
    for node in graph.module.graph.nodes:
        if node.op == "output":
            continue
        numbers[node] = f"%{len(numbers)}"
        if node.op == "placeholder":
            given = next(inputs)
            lines.append(f"{numbers[node]} = {given.role.value} '{given.name}' {_spec(given.spec)}")
        else:
            arguments = [_text(argument, numbers) for argument in node.args]
            arguments += [f"{key}={_text(value, numbers)}" for key, value in node.kwargs.items()]
            lines.append(f"{numbers[node]} = {node.target}({', '.join(arguments)})")
    (output,) = (node for node in graph.module.graph.nodes if node.op == "output")
    for result, what in zip(output.args[0], graph.outputs, strict=True):
        lines.append(f"{what.role.value} '{what.name}' <- {numbers[result]}")
    return "\n".join(lines) + "\n"


def _spec(spec: TensorSpec) -> str:
    return f"{str(spec.dtype).removeprefix('torch.')}{list(spec.shape)}"


def _text(value: Any, numbers: dict[Node, str]) -> str:
    if isinstance(value, Node):
        return numbers[value]
    if isinstance(value, list | tuple):
        return f"[{', '.join(_text(item, numbers) for item in value)}]"
    return f"{value:.7g}" if isinstance(value, float) else str(value)
