"""From the nodes of a step to kernels: looks each operator up in the table and decides what is stored."""

import inspect
import math
import operator
from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node
from torch.fx.node import map_arg

from pyro.compiler.errors import Unsupported
from pyro.compiler.graph import Executable, TensorMeta, place
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.expression import Expression
from pyro.compiler.loop.operators import ROWS

__all__ = ["Lowering", "overload"]

_PRODUCTS = {
    "mm.default",
    "bmm.default",
    "addmm.default",
    "baddbmm.default",
    "mv.default",
    "addmv.default",
    "dot.default",
}
_VIEWS = {
    "view.default",
    "reshape.default",
    "_unsafe_view.default",
    "unsqueeze.default",
    "squeeze.default",
    "squeeze.dim",
    "squeeze.dims",
    "expand.default",
    "permute.default",
    "t.default",
    "transpose.int",
    "select.int",
    "slice.Tensor",
    "diagonal.default",
    "flip.default",
    "split.Tensor",
    "split_with_sizes.default",
    "unbind.int",
    "alias.default",
    "detach.default",
    "clone.default",
}
_IGNORED = {"_linalg_check_errors.default"}  # a failed factorisation shows as NaN


_signature = cache(inspect.signature)


def overload(node: Node) -> str:
    """An operator's name as the table has it."""
    name = str(node.target)
    return name.removeprefix("aten.")


class Lowering:
    """Lowers a graph's nodes one after the other.

    Args:
        module: the graph.
        builder: takes buffers and kernels.
    """

    def __init__(self, module: GraphModule | Executable, builder: Builder) -> None:
        self.module, self.builder = module, builder
        self._env: dict[Node, Any] = {}
        self._uses: dict[Node, int] = {}
        self._span: dict[Node, int] = {}

    def run(self, inputs: Mapping[Node, Expression]) -> list[Expression]:
        """Lowers all nodes.

        Args:
            inputs: for each placeholder and each attribute, what it is.

        Returns:
            the outputs.

        Raises:
            Unsupported: with every operator that is not in the table.
        """
        self.check()
        self._measure()
        self._env.update(inputs)
        for node in self.module.graph.nodes:
            if node.op == "output":
                return list(map_arg(node.args[0], lambda n: self._env[n]))
            if node.op == "call_function" and node.users:
                self._env[node] = self._lower(node)
        raise Unsupported("the graph has no output")

    def check(self) -> None:
        """Finds what cannot be lowered before anything is.

        Raises:
            Unsupported: with the operators and one node of each.
        """
        missing: dict[str, str] = {}
        for node in self.module.graph.nodes:
            given = node.op in ("placeholder", "get_attr", "output") or node.target is operator.getitem
            if given or overload(node) in _IGNORED:
                continue
            name = overload(node)
            if node.op != "call_function" or name not in ROWS:
                missing.setdefault(name, place(node))
        if missing:
            what = ", ".join(f"{name} ({where})" for name, where in missing.items())
            raise Unsupported(f"The loop program has no row for {what}.")

    def _measure(self) -> None:
        """Counts each node's uses, and the positions of the largest nest that uses it; views pass both on."""
        for node in reversed(self.module.graph.nodes):
            uses = span = 0
            for user in node.users:
                if user.op == "output":
                    uses, span = uses + 1, max(span, 1)
                elif _is_view(user):
                    uses, span = uses + self._uses[user], max(span, self._span[user])
                else:
                    uses, span = uses + 1, max(span, _span(user))
            self._uses[node], self._span[node] = uses, span

    def _lower(self, node: Node) -> Any:
        args: Any = map_arg(node.args, lambda n: self._env[n])
        kwargs: Any = map_arg(node.kwargs, lambda n: self._env[n])
        if node.target is operator.getitem:
            return operator.getitem(*args)
        row, given = ROWS[overload(node)], (self.builder, node.meta["val"], *args)
        try:
            _signature(row).bind(*given, **kwargs)
        except TypeError as error:
            raise Unsupported(
                f"{overload(node)} ({place(node)}) has arguments that its row lacks: {error}"
            ) from None
        self.builder.node = node
        try:
            result = row(*given, **kwargs)
        except Unsupported as error:
            raise Unsupported(f"{overload(node)} ({place(node)}): {error}") from None
        if _is_view(node) or not isinstance(result, Expression):
            return result
        return self.builder.settle(result, self._uses[node], self._span[node])


def _is_view(node: Node) -> bool:
    return node.target is operator.getitem or (node.op == "call_function" and overload(node) in _VIEWS)


def _numel(val: Any) -> int:
    if isinstance(val, TensorMeta | Tensor):
        return math.prod(val.shape)
    return max((_numel(v) for v in val), default=1) if isinstance(val, tuple | list) else 1


def _span(node: Node) -> int:
    """How many positions the nest of a node's operator runs over."""
    if node.op == "call_function" and node.target is not operator.getitem and overload(node) in _PRODUCTS:
        left = [a for a in node.args if isinstance(a, Node)][-2].meta["val"]
        return _numel(node.meta["val"]) * int(left.shape[-1])
    sizes = [_numel(node.meta.get("val"))]
    if node.target not in (
        torch.ops.aten.index.Tensor,
        torch.ops.aten.gather.default,
        torch.ops.aten.embedding.default,
        torch.ops.aten.index_select.default,
    ):
        sizes += [_numel(n.meta["val"]) for n in node.all_input_nodes]
    return max(sizes)
