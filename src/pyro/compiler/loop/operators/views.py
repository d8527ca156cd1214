"""Views and what puts tensors together: positions are moved, nothing is computed."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.fx import Node

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.expression import (
    Constant,
    Expression,
    Iota,
    View,
    broadcast,
    contiguous_strides,
    permuted,
    reshaped,
)
from pyro.compiler.loop.index import Index, ravel, unravel
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.scalar import BOOL, I64
from pyro.compiler.loop.scope import Position

__all__ = ["diagonal", "is_contiguous", "moved"]

_LARGE = 64  # rows from which a matrix is rather computed twice than stored


def is_contiguous(val: Tensor) -> bool:
    """Whether ATen's tensor has its elements in order."""
    wanted = contiguous_strides(val.shape)
    return all(n == 1 or have == want for n, have, want in zip(val.shape, val.stride(), wanted, strict=True))


def moved(source: Expression, shape: Sequence[int], move: Any) -> View:
    """A view of a shape, given how positions move."""
    return View(tuple(shape), source.kind, source.cost, source.invariant, source, move)


@row(
    "view.default",
    "reshape.default",
    "_unsafe_view.default",
    "unsqueeze.default",
    "squeeze.default",
    "squeeze.dim",
    "squeeze.dims",
    "_reshape_alias.default",
    "unflatten.int",
    "flatten.using_ints",
)
def _reshape(builder: Builder, val: Tensor, source: Expression, *args: Any, **kwargs: Any) -> Expression:
    return builder.reshape(source, val.shape)


@row("expand.default", "broadcast_to.default", "expand_as.default")
def _expand(builder: Builder, val: Tensor, source: Expression, *args: Any, **kwargs: Any) -> Expression:
    return broadcast(source, val.shape)


@row("permute.default")
def _permute(builder: Builder, val: Tensor, source: Expression, dims: Sequence[int]) -> Expression:
    return permuted(source, dims)


@row("t.default")
def _t(builder: Builder, val: Tensor, source: Expression) -> Expression:
    return permuted(source, list(range(len(source.shape)))[::-1])


@row("transpose.int")
def _transpose(builder: Builder, val: Tensor, source: Expression, first: int, second: int) -> Expression:
    dims = list(range(len(source.shape)))
    if dims:
        dims[first], dims[second] = dims[second], dims[first]
    return permuted(source, dims)


@row("select.int")
def _select(builder: Builder, val: Tensor, source: Expression, dim: int, index: int) -> Expression:
    dim, index = dim % len(source.shape), index % source.shape[dim]
    return moved(source, val.shape, lambda p: [*p[:dim], Index(index), *p[dim:]])


def _clamped(position: int | None, extent: int, default: int) -> int:
    if position is None:
        return default
    return min(max(position + extent if position < 0 else position, 0), extent)


@row("slice.Tensor")
def _slice(
    builder: Builder,
    val: Tensor,
    source: Expression,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Expression:
    dim %= len(source.shape)
    first = _clamped(start, source.shape[dim], 0)
    return moved(source, val.shape, lambda p: [*p[:dim], p[dim] * step + first, *p[dim + 1 :]])


def diagonal(source: Expression, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Expression:
    """The elements with equal places in two dims, along a last dim."""
    rank = len(source.shape)
    dim1, dim2 = dim1 % rank, dim2 % rank
    down, right = max(-offset, 0), max(offset, 0)
    rest = [n for d, n in enumerate(source.shape) if d not in (dim1, dim2)]
    extent = max(0, min(source.shape[dim1] - down, source.shape[dim2] - right))

    def move(position: Position) -> list[Index]:
        rest = iter(position[:-1])
        places = {dim1: position[-1] + down, dim2: position[-1] + right}
        return [places[d] if d in places else next(rest) for d in range(rank)]

    return moved(source, (*rest, extent), move)


@row("diagonal.default")
def _diagonal(
    builder: Builder, val: Tensor, source: Expression, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Expression:
    return diagonal(source, offset, dim1, dim2)


def _on_diagonal(builder: Builder, val: Tensor, source: Expression, part: Expression) -> Expression:
    """Square matrices with another diagonal, computed where they are used."""
    n = val.shape[-1]
    counter, kind = Iota((n,), I64, 1, True, 0, 1), builder.kind(val)
    rows, columns = broadcast(reshaped(counter, (n, 1)), val.shape), broadcast(counter, val.shape)
    is_there = builder.pointwise(lambda i, j: i.equals(j), [rows, columns], BOOL, val.shape, 1, I64)
    spread = moved(part, val.shape, lambda p: p[:-1])
    return builder.pointwise(lambda there, new, old: there.differs(0).where(new, old), [is_there, spread, source], kind,
                             val.shape, 1)


@row("diagonal_scatter.default")
def _diagonal_scatter(
    builder: Builder, val: Tensor, source: Expression, part: Expression, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Expression:
    strides, rank = contiguous_strides(val.shape), len(val.shape)
    dim1, dim2 = dim1 % rank, dim2 % rank
    if offset == 0 and (dim1, dim2) == (rank - 2, rank - 1) and val.shape[-1] == val.shape[-2] >= _LARGE:
        return _on_diagonal(builder, val, source, part)
    rest = [s for d, s in enumerate(strides) if d not in (dim1, dim2)]
    first = max(-offset, 0) * strides[dim1] + max(offset, 0) * strides[dim2]
    return builder.assemble(
        builder.kind(val),
        val.shape,
        [(source, strides, 0), (part, (*rest, strides[dim1] + strides[dim2]), first)],
    )


@row("as_strided.default")
def _as_strided(
    builder: Builder, val: Tensor, source: Expression, size: Sequence[int], stride: Sequence[int], offset: int = 0
) -> Expression:
    order = _order_in_memory(builder, source)
    lying = _permuted(source, order)
    return moved(lying, val.shape, lambda p: unravel(ravel(p, stride) + (offset or 0), lying.shape))


@row("as_strided_scatter.default")
def _as_strided_scatter(
    builder: Builder,
    val: Tensor,
    source: Expression,
    part: Expression,
    size: Sequence[int],
    stride: Sequence[int],
    offset: int = 0,
) -> Expression:
    order = _order_in_memory(builder, source)
    lying = _permuted(source, order)
    parts = [(lying, contiguous_strides(lying.shape), 0), (part, tuple(stride), offset or 0)]
    back = [order.index(d) for d in range(len(order))]
    return _permuted(builder.assemble(builder.kind(val), lying.shape, parts), back)


def _permuted(source: Expression, order: Sequence[int]) -> Expression:
    """A tensor with its dims in another order."""
    shape = [source.shape[d] for d in order]
    return moved(source, shape, lambda p: [p[order.index(d)] for d in range(len(order))])


def _order_in_memory(builder: Builder, source: Expression) -> list[int]:
    """The order of the dims in which a tensor's memory is its elements one after the other."""
    given = builder.node.args[0] if builder.node is not None else None
    if not isinstance(given, Node):
        raise Unsupported("strides over a constant")
    value = given.meta["val"]
    order = sorted(range(len(value.shape)), key=lambda d: (-value.stride()[d], d))
    expected = contiguous_strides([value.shape[d] for d in order])
    if any(value.stride()[d] != step for d, step in zip(order, expected, strict=True) if value.shape[d] > 1):
        raise Unsupported("strides over a tensor with gaps in its memory")
    return order


@row("flip.default")
def _flip(builder: Builder, val: Tensor, source: Expression, dims: Sequence[int]) -> Expression:
    turned = {d % len(source.shape) for d in dims}
    shape = source.shape
    return moved(
        source,
        shape,
        lambda p: [i * -1 + (n - 1) if d in turned else i for d, (i, n) in enumerate(zip(p, shape, strict=True))],
    )


@row("split.Tensor", "split_with_sizes.default", "unbind.int", "chunk.default")
def _split(
    builder: Builder, val: Sequence[Tensor], source: Expression, *args: Any, **kwargs: Any
) -> tuple[Expression, ...]:
    if len(val[0].shape) < len(source.shape):
        dim = int(kwargs.get("dim", args[0] if args else 0)) % len(source.shape)
        return tuple(_select(builder, part, source, dim, i) for i, part in enumerate(val))
    dim = int(kwargs.get("dim", args[1] if len(args) > 1 else 0)) % len(source.shape)
    parts, start = [], 0
    for part in val:
        parts.append(_slice(builder, part, source, dim, start))
        start += part.shape[dim]
    return tuple(parts)


@row("cat.default")
def _cat(builder: Builder, val: Tensor, tensors: Sequence[Expression], dim: int = 0) -> Expression:
    strides, parts, offset = contiguous_strides(val.shape), [], 0
    dim %= len(val.shape)
    for tensor in tensors:
        if tensor.shape != (0,):  # an empty vector goes with every shape
            parts.append((tensor, strides, offset))
            offset += tensor.shape[dim] * strides[dim]
    return builder.assemble(builder.kind(val), val.shape, parts)


@row("stack.default")
def _stack(builder: Builder, val: Tensor, tensors: Sequence[Expression], dim: int = 0) -> Expression:
    strides = contiguous_strides(val.shape)
    dim %= len(val.shape)
    rest = strides[:dim] + strides[dim + 1 :]
    return builder.assemble(builder.kind(val), val.shape, [(t, rest, i * strides[dim]) for i, t in enumerate(tensors)])


@row("constant_pad_nd.default")
def _pad(builder: Builder, val: Tensor, source: Expression, pad: Sequence[int], value: float = 0) -> Expression:
    kind, shape = builder.kind(val), list(source.shape)
    strides, offset = contiguous_strides(val.shape), 0
    inside: Expression = source
    for i in range(len(pad) // 2):
        dim, before, after = len(shape) - 1 - i, pad[2 * i], pad[2 * i + 1]
        offset += max(before, 0) * strides[dim]
        shape[dim] += min(before, 0) + min(after, 0)
        cut = max(-before, 0)
        inside = moved(inside, shape, lambda p, d=dim, c=cut: [*p[:d], p[d] + c, *p[d + 1 :]])
    start = builder.constant(value, kind, val.shape)
    return builder.assemble(kind, val.shape, [(start, strides, 0), (inside, strides, offset)])


@row("slice_scatter.default")
def _slice_scatter(
    builder: Builder,
    val: Tensor,
    source: Expression,
    part: Expression,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Expression:
    strides = contiguous_strides(val.shape)
    dim %= len(val.shape)
    first = _clamped(start, val.shape[dim], 0)
    moved_strides = [s * step if d == dim else s for d, s in enumerate(strides)]
    return builder.assemble(
        builder.kind(val), val.shape, [(source, strides, 0), (part, moved_strides, first * strides[dim])]
    )


@row("select_scatter.default")
def _select_scatter(
    builder: Builder, val: Tensor, source: Expression, part: Expression, dim: int, index: int
) -> Expression:
    strides = contiguous_strides(val.shape)
    dim %= len(val.shape)
    offset = index % val.shape[dim] * strides[dim]
    return builder.assemble(
        builder.kind(val), val.shape, [(source, strides, 0), (part, strides[:dim] + strides[dim + 1 :], offset)]
    )


@row("repeat.default")
def _repeat(builder: Builder, val: Tensor, source: Expression, repeats: Sequence[int]) -> Expression:
    lead = len(repeats) - len(source.shape)
    whole = (1,) * lead + source.shape
    pairs = [n for r, extent in zip(repeats, whole, strict=True) for n in (r, extent)]
    spaced = reshaped(source, [n for extent in whole for n in (1, extent)])
    return reshaped(broadcast(spaced, pairs), val.shape)


@row("full.default")
def _full(builder: Builder, val: Tensor, size: Any, value: float, **kwargs: Any) -> Constant:
    return builder.constant(value, builder.kind(val), val.shape)


@row("full_like.default", "fill.Scalar", "new_full.default")
def _full_like(builder: Builder, val: Tensor, source: Expression, *args: Any, **kwargs: Any) -> Constant:
    return builder.constant(args[-1], builder.kind(val), val.shape)


@row("fill.Tensor")
def _fill(builder: Builder, val: Tensor, source: Expression, value: Expression) -> Expression:
    return broadcast(builder.convert(value, builder.kind(val)), val.shape)


@row(
    "zeros.default",
    "zeros_like.default",
    "new_zeros.default",
    "empty.memory_format",
    "empty_like.default",
    "new_empty.default",
    "empty_strided.default",
    "new_empty_strided.default",
    "empty_permuted.default",
)
def _zeros(builder: Builder, val: Tensor, *args: Any, **kwargs: Any) -> Constant:
    return builder.constant(0, builder.kind(val), val.shape)


@row("ones.default", "ones_like.default", "new_ones.default")
def _ones(builder: Builder, val: Tensor, *args: Any, **kwargs: Any) -> Constant:
    return builder.constant(1, builder.kind(val), val.shape)


@row("scalar_tensor.default")
def _scalar_tensor(builder: Builder, val: Tensor, value: float, **kwargs: Any) -> Constant:
    return builder.constant(value, builder.kind(val), ())


@row("arange.start_step", "arange.default", "arange.start", "prims.iota.default")
def _arange(builder: Builder, val: Tensor, *args: Any, start: int = 0, step: int = 1, **kwargs: Any) -> Expression:
    if "requires_grad" not in kwargs and len(args) > 1:  # arange(start, end, step); iota's are keywords
        start, step = args[0], args[2] if len(args) > 2 else 1
    return Iota(tuple(val.shape), builder.kind(val), 1, True, start, step)


@row("eye.default", "eye.m")
def _eye(builder: Builder, val: Tensor, *args: Any, **kwargs: Any) -> Expression:
    kind, (rows, columns) = builder.kind(val), val.shape
    strides = contiguous_strides(val.shape)
    ones = builder.constant(1, kind, [min(rows, columns)])
    zeros = builder.constant(0, kind, val.shape)
    return builder.assemble(kind, val.shape, [(zeros, strides, 0), (ones, [sum(strides)], 0)])
