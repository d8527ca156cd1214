"""Random draws become inputs, so that the step is a pure function.

Draws from a distribution with parameters are rewritten to a standard one and arithmetic, as torch's own kernels do it.
What has no such form, the Gamma family for one, stays in the graph, unless the pass before has given it a key.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch.fx import Graph, Node

from pyro.compiler.graph import InputRole, TensorMeta
from pyro.compiler.noise import Draw, is_random
from pyro.compiler.passes.draft import Draft, Slot
from pyro.settings import values

__all__ = ["draws_to_inputs"]

_aten = torch.ops.aten


def _options(node: Node) -> dict[str, Any]:
    value = node.meta["val"]
    return {"dtype": value.dtype, "device": value.device}


def _standard(graph: Graph, node: Node, target: Any) -> Node:
    """A standard draw of the node's shape, in front of it."""
    value = node.meta["val"]
    with graph.inserting_before(node):
        new = graph.call_function(target, (list(value.shape),), _options(node))
    new.meta["val"] = value
    return new


def _call(graph: Graph, node: Node, target: Any, *args: Any) -> Node:
    with graph.inserting_before(node):
        new = graph.call_function(target, args)
    new.meta["val"] = node.meta["val"]
    return new


def _affine(graph: Graph, node: Node, standard: Any, scale: Any, offset: Any) -> Node:
    """``offset + scale * draw``, leaving out what is 1 and 0."""
    result = _standard(graph, node, standard)
    if not (isinstance(scale, int | float) and scale == 1):
        result = _call(graph, node, _aten.mul.Tensor, result, scale)
    if not (isinstance(offset, int | float) and offset == 0):
        result = _call(graph, node, _aten.add.Tensor, result, offset)
    return result


def _argument(node: Node, position: int, default: float) -> Any:
    return node.args[position] if len(node.args) > position else default


def _normal_functional(graph: Graph, node: Node) -> Node:
    return _affine(graph, node, _aten.randn.default, _argument(node, 2, 1.0), _argument(node, 1, 0.0))


def _normal_of_tensors(graph: Graph, node: Node) -> Node:
    return _affine(graph, node, _aten.randn.default, _argument(node, 1, 1.0), node.args[0])


def _normal_of_scales(graph: Graph, node: Node) -> Node:
    return _affine(graph, node, _aten.randn.default, node.args[1], node.args[0])


def _like(target: Any) -> Callable[[Graph, Node], Node]:
    return lambda graph, node: _standard(graph, node, target)


def _uniform(graph: Graph, node: Node) -> Node:
    low, high = _argument(node, 1, 0.0), _argument(node, 2, 1.0)
    return _affine(graph, node, _aten.rand.default, high - low, low)


def _whole_numbers(graph: Graph, node: Node) -> Node:
    """``randint_like(tensor, high)`` or ``randint_like(tensor, low, high)``."""
    low, high = (0, node.args[1]) if len(node.args) == 2 else node.args[1:3]
    value = node.meta["val"]
    with graph.inserting_before(node):
        new = graph.call_function(_aten.randint.low, (low, high, list(value.shape)), _options(node))
    new.meta["val"] = value
    return new


def _bernoulli(graph: Graph, node: Node) -> Node:
    value = node.meta["val"]
    with graph.inserting_before(node):
        new = graph.call_function(torch.ops.flashover.bernoulli.default, (list(value.shape), node.args[1]),
                                  _options(node))
    new.meta["val"] = value
    return new


_REWRITES: dict[Any, Callable[[Graph, Node], Node]] = {
    _aten.normal_functional.default: _normal_functional,
    _aten.normal.Tensor_Tensor: _normal_of_tensors,
    _aten.normal.Tensor_float: _normal_of_tensors,
    _aten.normal.float_Tensor: _normal_of_scales,
    _aten.randn_like.default: _like(_aten.randn.default),
    _aten.rand_like.default: _like(_aten.rand.default),
    _aten.randint_like.default: _whole_numbers,
    _aten.randint_like.low_dtype: _whole_numbers,
    _aten.uniform.default: _uniform,
    _aten.bernoulli.p: _bernoulli,
}


def _contiguous(value: TensorMeta | torch.Tensor) -> TensorMeta:
    """What is known of a row, whatever the strides of the tensor that it was drawn like."""
    return TensorMeta.of(torch.empty(value.shape, dtype=value.dtype, device="meta"), value.device)


def draws_to_inputs(draft: Draft) -> Draft:
    """Makes every draw whose arguments are fixed an input with a row for each step.

    Returns:
        A draft with the draws as slots, in the order in which the eager step draws.
    """
    graph, slots = draft.graph, list(draft.slots)
    for node in list(graph.nodes):
        rewrite = _REWRITES.get(node.target)
        if rewrite is not None:
            node.replace_all_uses_with(rewrite(graph, node))
            graph.erase_node(node)
    placeholders = draft.placeholders()
    for node in filter(is_random, list(graph.nodes)):
        value = node.meta.get("val")
        if node.all_input_nodes or not isinstance(value, TensorMeta | torch.Tensor):
            if values.eager_random_numbers:
                break  # it draws as the step runs, and what eager steps draw after it has to come after it
            continue
        draw = Draw(node.target, tuple(node.args), dict(node.kwargs), tuple(value.shape), value.dtype)
        with graph.inserting_after(placeholders[-1]):
            row = graph.placeholder(f"draw_{len(slots)}")
        row.meta["val"] = _contiguous(value)
        placeholders.append(row)
        slots.append(Slot(f"draw {sum(s.draw is not None for s in slots)}", InputRole.ROW, None, draw))
        node.replace_all_uses_with(row)
        graph.erase_node(node)
    return replace(draft, slots=tuple(slots))
