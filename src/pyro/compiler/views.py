"""Views of a tensor, and how a change to a view changes the tensor behind it.

A view operator maps its argument to a part or another shape of it. To write through a view in a graph without mutation
is to put the new part back: ``select`` by ``select_scatter``, ``transpose`` by transposing back.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Size

__all__ = ["PIECES", "put_back", "view_source"]

_aten = torch.ops.aten
Call = tuple[Any, tuple[Any, ...]]


def view_source(func: Any) -> bool:
    """Whether an operator's one result is a view of its first argument."""
    returns = func._schema.returns
    if len(returns) != 1 or returns[0].alias_info is None or returns[0].alias_info.is_write:
        return False
    return str(returns[0].type) == "Tensor"


def _inverse_order(dims: list[int]) -> list[int]:
    order = [dim % len(dims) for dim in dims]
    return sorted(range(len(order)), key=order.__getitem__)


# by view operator: for the shape before, the parent, the new part and the operator's arguments, the call that puts back
_PUT_BACK: dict[Any, Callable[..., Call]] = {
    **dict.fromkeys(
        (_aten.view.default, _aten._unsafe_view.default, _aten._reshape_alias.default, _aten.squeeze.default,
         _aten.squeeze.dim, _aten.squeeze.dims, _aten.unsqueeze.default),
        lambda shape, parent, new, *args: (_aten.view.default, (new, list(shape)))),
    **dict.fromkeys(
        (_aten.alias.default, _aten.detach.default, _aten.lift_fresh.default),
        lambda shape, parent, new: (_aten.alias.default, (new,))),
    _aten.t.default: lambda shape, parent, new: (_aten.permute.default, (new, list(range(len(shape)))[::-1])),
    _aten.transpose.int: lambda shape, parent, new, a, b: (_aten.transpose.int, (new, a, b)),
    _aten.permute.default: lambda shape, parent, new, dims: (_aten.permute.default, (new, _inverse_order(dims))),
    _aten.select.int: lambda shape, parent, new, *args: (_aten.select_scatter.default, (parent, new, *args)),
    _aten.slice.Tensor: lambda shape, parent, new, *args: (_aten.slice_scatter.default, (parent, new, *args)),
    _aten.as_strided.default: lambda shape, parent, new, *args: (_aten.as_strided_scatter.default,
                                                                 (parent, new, *args)),
    _aten.diagonal.default: lambda shape, parent, new, *args: (_aten.diagonal_scatter.default, (parent, new, *args)),
}


def put_back(func: Any, shape: Size, parent: Any, new: Any, args: tuple[Any, ...]) -> Call | None:
    """The call that gives a tensor with a view of it replaced.

    Args:
        func: the view operator.
        shape: of the tensor.
        parent: the tensor.
        new: the view's new value.
        args: the operator's arguments behind the tensor.

    Returns:
        An operator without mutation and its arguments; ``None`` where a view cannot be written through.
    """
    rule = _PUT_BACK.get(func)
    return None if rule is None else rule(shape, parent, new, *args)


def _split(x: Any, sizes: list[int], dim: int = 0) -> list[Any]:
    ends = [sum(sizes[:i + 1]) for i in range(len(sizes))]
    return [torch.ops.aten.slice.Tensor(x, dim, end - size, end) for size, end in zip(sizes, ends, strict=True)]


def _even_sizes(length: int, size: int) -> list[int]:
    return [min(size, length - start) for start in range(0, length, size)] if length else [0]


PIECES: dict[Any, Callable[..., Any]] = {
    _aten.unbind.int: lambda x, dim=0: [_aten.select.int(x, dim, i) for i in range(x.shape[dim])],
    _aten.split_with_sizes.default: _split,
    _aten.split.Tensor: lambda x, size, dim=0: _split(x, _even_sizes(x.shape[dim], size), dim),
}
"""Operators that give several views, as one view operator a piece."""
