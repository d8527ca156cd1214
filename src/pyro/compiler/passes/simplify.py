"""Removes copies, dead code and what is computed twice."""

from typing import Any

import torch
from torch.fx import Graph, Node
from torch.utils._pytree import tree_flatten

from pyro.compiler.noise import is_random
from pyro.compiler.passes.draft import Draft

__all__ = ["simplify"]

_aten = torch.ops.aten
# in a graph without mutation these return what they are given; strides matter to the views that follow
_COPIES = {_aten.clone.default, _aten.alias.default, _aten.detach.default, _aten.lift_fresh_copy.default,
           _aten.lift_fresh.default, _aten._to_copy.default}
_SHAPED = {_aten.expand.default, _aten.view.default, _aten.reshape.default, _aten._unsafe_view.default}


def _is_copy(node: Node) -> bool:
    if node.target not in _COPIES | _SHAPED:
        return False
    before, after = node.args[0].meta["val"], node.meta["val"]  # type: ignore[union-attr]
    return bool(before.shape == after.shape and before.dtype == after.dtype and before.device == after.device
                and before.stride() == after.stride())


def simplify(draft: Draft) -> Draft:
    """Removes copies, dead code and common subexpressions; random draws stay apart."""
    graph = draft.graph
    for node in list(graph.nodes):
        if node.op == "call_function" and _is_copy(node):
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)
    _remove_dead_code(graph)
    _remove_duplicates(graph)
    return draft


def _remove_duplicates(graph: Graph) -> None:
    """Computes once what has the same operation and arguments. (Torch's own pass loads all of its compiler.)"""
    first: dict[Any, Node] = {}
    for node in list(graph.nodes):
        if node.op != "call_function" or is_random(node):
            continue
        arguments, spec = tree_flatten((node.args, node.kwargs))
        # 1, 1.0 and True are equal keys but different arguments
        key = (node.target, spec, tuple((type(argument), argument) for argument in arguments))
        same = first.setdefault(key, node)
        if same is not node:
            node.replace_all_uses_with(same)
            graph.erase_node(node)


def _remove_dead_code(graph: Graph) -> None:
    """Removes operations that nobody uses. Random draws stay: the next draw depends on how many came before.

    ``Graph.eliminate_dead_code`` would keep a profiler's marks, and loads torch's compiler to find out about effects.
    """
    for node in reversed(graph.nodes):
        if node.op == "call_function" and not node.users and not is_random(node):
            graph.erase_node(node)
