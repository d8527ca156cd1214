"""Whether two recordings of a step are the same program."""

from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from pyro.compiler.graph import place
from pyro.compiler.passes.draft import Draft

__all__ = ["difference"]


def difference(first: Draft, second: Draft) -> str | None:
    """What differs first between two recordings.

    Args:
        first: a recording.
        second: another one of the same step.

    Returns:
        A description; ``None`` if they are the same program on the same tensors.
    """
    for slot, other in zip(first.slots, second.slots, strict=False):
        if not _same_tensor(slot.tensor, other.tensor):
            return f"the tensor {slot.name!r} of shape {_shape(slot.tensor)} differs"
    partner: dict[Node, Node] = {}
    for node, other_node in zip(first.graph.nodes, second.graph.nodes, strict=False):
        partner[node] = other_node
        if (node.op, node.target if node.op == "call_function" else None) != (
                other_node.op, other_node.target if other_node.op == "call_function" else None):
            return f"it calls {node.target} once and {other_node.target} once, {place(node)}"
        if not _same((node.args, node.kwargs), (other_node.args, other_node.kwargs), partner):
            return f"the arguments of {node.target} differ, {place(node)}"
    if len(first.graph.nodes) != len(second.graph.nodes):
        return f"it has {len(first.graph.nodes)} operations once and {len(second.graph.nodes)} once"
    return None


def _same(a: Any, b: Any, partner: dict[Node, Node]) -> bool:
    if isinstance(a, Node):
        return partner.get(a) is b
    if isinstance(a, tuple | list):
        return isinstance(b, tuple | list) and len(a) == len(b) and all(
            _same(x, y, partner) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key], partner) for key in a)
    return type(a) is type(b) and bool(a == b or (a != a and b != b))


def _same_tensor(a: Tensor | None, b: Tensor | None) -> bool:
    if a is None or b is None:
        return a is b
    if a.shape != b.shape or a.dtype != b.dtype or a.device != b.device:
        return False
    # equal addresses: the same memory, in all likelihood the same tensor
    if a.data_ptr() == b.data_ptr() and a.stride() == b.stride():
        return True
    return torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)


def _shape(tensor: Tensor | None) -> tuple[int, ...]:
    return () if tensor is None else tuple(tensor.shape)
