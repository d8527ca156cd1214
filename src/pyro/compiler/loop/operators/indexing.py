"""Elements at positions that index tensors tell: read, written and added to."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.expression import Expression, Gathered, View, broadcast, reshaped
from pyro.compiler.loop.index import Index
from pyro.compiler.loop.operators.elementwise import choose
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.scope import Position

__all__ = ["advanced"]

Entries = list[Index | tuple[Expression, Position]]
PositionOf = Callable[[Position], Entries]


def advanced(source_shape: Sequence[int], indices: Sequence[Expression | None]) -> tuple[tuple[int, ...], PositionOf]:
    """The rules of ``source[indices]`` with index tensors.

    Args:
        source_shape: of the tensor that is indexed.
        indices: for each leading dim an integer tensor, or None for all of it.

    Returns:
        The result's shape, and for a position of the result the position in the source.
    """
    given = [*indices, *[None] * (len(source_shape) - len(indices))]
    dims = [d for d, tensor in enumerate(given) if tensor is not None]
    tensors = [t for t in given if t is not None]
    joint = tuple(torch.broadcast_shapes(*(t.shape for t in tensors)))
    together = dims == list(range(dims[0], dims[-1] + 1))
    first = dims[0] if together else 0
    rest = [n for n, tensor in zip(source_shape, given, strict=True) if tensor is None]
    shape = (*rest[:first], *joint, *rest[first:])
    wide = {d: broadcast(t, joint) for d, t in zip(dims, tensors, strict=True)}

    def position_of(position: Position) -> Entries:
        where = tuple(position[first : first + len(joint)])
        free = iter([*position[:first], *position[first + len(joint) :]])
        return [(wide[d], where) if d in wide else next(free) for d in range(len(given))]

    return shape, position_of


def _gathered(builder: Builder, source: Expression, shape: Sequence[int], position_of: PositionOf) -> Expression:
    if 0 in source.shape:
        return builder.constant(0, source.kind, shape)
    stored = builder.store(source) if source.stored() is None else source
    probe = position_of(tuple(Index() for _ in shape))
    invariant = source.invariant and all(e[0].invariant for e in probe if not isinstance(e, Index))
    return Gathered(tuple(shape), source.kind, 3, invariant, stored, position_of)


def _check_integers(indices: Sequence[Expression | None]) -> None:
    if any(t is not None and t.kind.kind != "int" for t in indices):
        raise Unsupported("indexing by a boolean mask gives a shape that depends on data")


@row("index.Tensor", "_unsafe_index.Tensor")
def _index(builder: Builder, val: Tensor, source: Expression, indices: Sequence[Expression | None]) -> Expression:
    _check_integers(indices)
    shape, position_of = advanced(source.shape, indices)
    return _gathered(builder, source, shape, position_of)


@row("index_put.default", "_unsafe_index_put.default")
def _index_put(
    builder: Builder,
    val: Tensor,
    source: Expression,
    indices: Sequence[Expression | None],
    values: Expression,
    accumulate: bool = False,
    *args: Any,
) -> Expression:
    if len(indices) == 1 and indices[0] is not None and indices[0].kind.kind == "bool" and not values.shape:
        mask = indices[0]
        if mask.shape == source.shape and not accumulate:
            return choose(builder, val, mask, values, source)
    _check_integers(indices)
    shape, position_of = advanced(source.shape, indices)
    return builder.scatter(source, broadcast(values, shape), position_of, accumulate)


@row("index_select.default")
def _index_select(builder: Builder, val: Tensor, source: Expression, dim: int, index: Expression) -> Expression:
    if not source.shape:
        return broadcast(source, val.shape)
    dim %= len(source.shape)
    return _index(builder, val, source, [*[None] * dim, broadcast(index, (val.shape[dim],))])


@row("embedding.default")
def _embedding(builder: Builder, val: Tensor, weight: Expression, index: Expression, *args: Any) -> Expression:
    return _index(builder, val, weight, [index])


@row("embedding_dense_backward.default")
def _embedding_backward(
    builder: Builder,
    val: Tensor,
    gradient: Expression,
    index: Expression,
    num_weights: int,
    padding_idx: int,
    scale_grad_by_freq: bool,
) -> Expression:
    if scale_grad_by_freq:
        raise Unsupported("embedding_dense_backward scaled by frequency")
    shape, position_of = advanced(val.shape, [index])
    padding = reshaped(index, [*index.shape, *[1] * (len(shape) - len(index.shape))])
    kept = builder.pointwise(
        lambda g, i: i.equals(padding_idx).where(g.like(0), g), [gradient, padding], builder.kind(val), shape
    )
    kept.compute_kind = None  # the index keeps its type
    return builder.scatter(builder.constant(0, builder.kind(val), val.shape), kept, position_of, True)


def _along(dim: int, index: Expression) -> PositionOf:
    """Positions of ``gather`` and ``scatter``: the index tensor tells one dim."""
    return lambda position: [(index, position) if d == dim else p for d, p in enumerate(position)]


def _cut(source: Expression, shape: Sequence[int]) -> Expression:
    """The leading part of a tensor along each dim."""
    if not source.shape:
        return broadcast(source, shape)
    return View(tuple(shape), source.kind, source.cost, source.invariant, source, tuple)


@row("gather.default")
def _gather(
    builder: Builder, val: Tensor, source: Expression, dim: int, index: Expression, **kwargs: Any
) -> Expression:
    if not source.shape:
        return broadcast(source, val.shape)
    return _gathered(builder, source, val.shape, _along(dim % len(source.shape), index))


def _scattered(
    builder: Builder, source: Expression, dim: int, index: Expression, value: Expression, add: bool
) -> Expression:
    if not source.shape:
        raise Unsupported("scatter into a tensor without dims")
    return builder.scatter(source, _cut(value, index.shape), _along(dim % len(source.shape), index), add)


@row("scatter_add.default")
def _scatter_add(
    builder: Builder, val: Tensor, source: Expression, dim: int, index: Expression, value: Expression
) -> Expression:
    return _scattered(builder, source, dim, index, value, True)


@row("scatter.src")
def _scatter(
    builder: Builder, val: Tensor, source: Expression, dim: int, index: Expression, value: Expression
) -> Expression:
    return _scattered(builder, source, dim, index, value, False)


@row("scatter.value")
def _scatter_value(
    builder: Builder, val: Tensor, source: Expression, dim: int, index: Expression, value: float
) -> Expression:
    return _scattered(builder, source, dim, index, builder.constant(value, source.kind, index.shape), False)


@row("index_add.default")
def _index_add(
    builder: Builder,
    val: Tensor,
    source: Expression,
    dim: int,
    index: Expression,
    value: Expression,
    *,
    alpha: float = 1,
) -> Expression:
    if not source.shape:
        raise Unsupported("index_add into a tensor without dims")
    shape, position_of = advanced(source.shape, [*[None] * (dim % len(source.shape)), broadcast(index, (index.numel,))])
    scaled = builder.pointwise(lambda v, a: v * a, [value, alpha], source.kind, shape)
    return builder.scatter(source, scaled, position_of, True)
