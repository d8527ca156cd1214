"""Tensors whose dims have names, for contractions over plates and enumerated sites.

A :class:`Packed` record holds a tensor without size-1 dims and one symbol, a character, for each of its dims. Symbols
stand for plates and enumerated sites wherever these stand in the batch shape, so that an einsum can be written over
them.
"""

import functools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["Packed", "broadcast_all", "exp", "gather", "mul", "neg", "pack", "rename_equation", "scale_and_mask",
           "unpack"]


@dataclass(frozen=True)
class Packed:
    """A tensor and the symbols of its dims.

    Attributes:
        tensor: has one dim for each symbol.
        dims: the symbols, no symbol twice.
    """

    tensor: Tensor
    dims: str

    def map(self, fn: Callable[[Tensor], Tensor]) -> "Packed":
        """Applies a function that keeps the dims."""
        return Packed(fn(self.tensor), self.dims)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | bool) or value is None


def pack(value: Any, dim_to_symbol: Mapping[int, str]) -> Any:
    """Names the dims of a tensor that broadcasts, and drops those of size 1.

    Args:
        value: a tensor; numbers, ``None`` and packed tensors are returned as they are.
        dim_to_symbol: symbol by negative dim.

    Returns:
        The packed tensor.

    Raises:
        ValueError: if a dim of size other than 1 has no symbol.

    Example:
        >>> pack(torch.zeros(3, 1, 2), {-3: "b", -1: "a"}).dims
        'ba'
    """
    if isinstance(value, Packed) or _is_number(value):
        return value
    if not isinstance(value, Tensor):
        raise ValueError(f"pack: expected a tensor or a number, got {type(value).__name__}.")
    kept = [dim for dim in range(-value.dim(), 0) if value.shape[dim] != 1]
    unnamed = [dim for dim in kept if dim not in dim_to_symbol]
    if unnamed:
        raise ValueError(f"Dim {unnamed[0]} of a tensor of shape {tuple(value.shape)} has size "
                         f"{value.shape[unnamed[0]]} but belongs to no plate and no enumerated site. Declare it with "
                         "pyro.plate or .to_event().")
    return Packed(value.reshape([value.shape[dim] for dim in kept]), "".join(dim_to_symbol[dim] for dim in kept))


def unpack(value: Any, symbol_to_dim: Mapping[str, int]) -> Any:
    """Puts the dims of a packed tensor where they belong in a batch shape; the inverse of :func:`pack`.

    Args:
        value: a packed tensor; numbers and ``None`` are returned as they are.
        symbol_to_dim: negative dim by symbol.

    Returns:
        A tensor that broadcasts.
    """
    if _is_number(value):
        return value
    order = sorted(range(len(value.dims)), key=lambda i: symbol_to_dim[value.dims[i]])
    if not order:
        return value.tensor
    dims = [symbol_to_dim[value.dims[i]] for i in order]
    shape = [1] * -dims[0]
    for position, dim in zip(order, dims, strict=True):
        shape[dim] = value.tensor.shape[position]
    return value.tensor.permute(order).reshape(shape)


def broadcast_all(*values: Packed, **kwargs: str) -> tuple[Packed, ...]:
    """Gives packed tensors the same dims in the same order.

    Args:
        *values: packed tensors.
        **kwargs: ``dims``, the order; by default the sorted union of all symbols.

    Returns:
        As many packed tensors, expanded.
    """
    dims = kwargs.get("dims") or "".join(sorted(set().union(*(value.dims for value in values))))
    sizes = {symbol: size for value in values
             for symbol, size in zip(value.dims, value.tensor.shape, strict=True)}
    shape = [sizes[symbol] for symbol in dims]
    places = {symbol: position - len(dims) for position, symbol in enumerate(dims)}
    return tuple(Packed(unpack(value, places).expand(shape), dims) for value in values)


def gather(value: Packed, index: Packed, dim: str) -> Packed:
    """Looks values up along one named dim.

    Args:
        value: has the symbol ``dim``.
        index: integers, without that symbol.
        dim: the symbol to index.

    Returns:
        A packed tensor with the dims of both but ``dim``.
    """
    if dim not in value.dims:
        raise ValueError(f"gather: no dim '{dim}' in a tensor with dims '{value.dims}'.")
    dims = dim + "".join(sorted((set(value.dims) | set(index.dims)) - {dim}))
    places = {symbol: position - len(dims) for position, symbol in enumerate(dims)}
    table, rows = unpack(value, places), unpack(index, places)
    table, rows = (t.reshape([1] * (len(dims) - t.dim()) + list(t.shape)) for t in (table, rows))
    rest = torch.broadcast_shapes(table.shape[1:], rows.shape[1:])
    table = table.expand([table.shape[0], *rest])
    return Packed(table.gather(0, rows.expand([1, *rest])).squeeze(0), dims[1:])


def mul(lhs: Any, rhs: Any) -> Any:
    """The product of packed tensors or numbers."""
    if isinstance(lhs, Packed) and isinstance(rhs, Packed):
        lhs, rhs = broadcast_all(lhs, rhs)
        return Packed(lhs.tensor * rhs.tensor, lhs.dims)
    if isinstance(lhs, Packed):
        return lhs.map(functools.partial(operator.mul, rhs))
    if isinstance(rhs, Packed):
        return rhs.map(functools.partial(operator.mul, lhs))
    return lhs * rhs


def neg(value: Any) -> Any:
    """The negative of a packed tensor or number."""
    return value.map(operator.neg) if isinstance(value, Packed) else -value


def exp(value: Any) -> Any:
    """The exponential of a packed tensor or number."""
    if isinstance(value, Packed):
        return value.map(torch.exp)
    return torch.tensor(float(value)).exp().item()


def scale_and_mask(tensor: Any, scale: Any = 1.0, mask: Any = None) -> Any:
    """Multiplies a packed tensor by a scale and sets it to zero where a mask is false.

    Args:
        tensor: a packed tensor, or zero.
        scale: a number or packed tensor.
        mask: a boolean, a packed boolean tensor, or ``None`` for no mask.

    Returns:
        A packed tensor, or zero.
    """
    if not isinstance(tensor, Packed) or (mask is None and _is_number(scale) and scale == 1):
        return tensor
    if mask is False:
        return tensor.map(torch.zeros_like)
    scaled = mul(tensor, scale)
    if mask is None or mask is True:
        return scaled
    scaled, mask = broadcast_all(scaled, mask)
    return Packed(torch.where(mask.tensor, scaled.tensor, scaled.tensor.new_zeros(())), scaled.dims)


def rename_equation(equation: str, *operands: Packed) -> str:
    """Rewrites an einsum equation from symbols of its own to the dims of its operands.

    Args:
        equation: such as ``"ab,bc->ac"``.
        *operands: packed tensors whose dims stand at the same places as the equation's symbols.

    Returns:
        The equation in the operands' symbols.
    """
    inputs, outputs = equation.split("->")
    names: dict[str, str] = {}
    for symbols, operand in zip(inputs.split(","), operands, strict=True):
        names.update(zip(symbols, operand.dims, strict=True))
    translate = str.maketrans(names)
    return inputs.translate(translate) + "->" + outputs.translate(translate)
