"""Positions of extremes, and small sorts, by comparing all pairs: no branches, so that vectors can do it."""

from collections.abc import Sequence

from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.expression import Expression, Iota, Stored, permuted, reshaped
from pyro.compiler.loop.operators.reductions import folded
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.operators.views import moved
from pyro.compiler.loop.scalar import BOOL, I64

__all__ = ["MAX_SORTED"]

MAX_SORTED = 256  # elements of a row; the work grows with their square


def _first(builder: Builder, source: Expression, peak: Expression, dim: int) -> Expression:
    """The first position along a dim where a tensor has its extreme; a NaN is its own."""
    extent = source.shape[dim]
    spaced = [extent if d == dim else 1 for d in range(len(source.shape))]
    counter = reshaped(Iota((extent,), I64, 1, True, 0, 1), spaced)
    hit = builder.pointwise(
        lambda x, m: x.equals(m) | (x.is_nan() if x.kind.is_float else x.differs(x)),
        [source, peak],
        BOOL,
        source.shape,
        3,
        source.kind,
    )
    place = builder.pointwise(lambda h, i: h.differs(0).where(i, i.like(extent)), [hit, counter], I64, source.shape, 2)
    return folded(builder, place, dim, "min", True)


def _extreme(builder: Builder, source: Expression, dim: int | None, combine: str) -> tuple[Expression, Expression]:
    """The extreme along a dim and its position, the dim kept."""
    if dim is None or not source.shape:
        source, dim = reshaped(source, (source.numel,)), 0
    dim %= len(source.shape)
    source = builder.store(source) if source.cost else source
    peak = folded(builder, source, dim, combine, True)
    return peak, _first(builder, source, peak, dim)


@row("argmax.default")
def _argmax(
    builder: Builder, val: Tensor, source: Expression, dim: int | None = None, keepdim: bool = False
) -> Expression:
    return reshaped(_extreme(builder, source, dim, "max")[1], val.shape)


@row("argmin.default")
def _argmin(
    builder: Builder, val: Tensor, source: Expression, dim: int | None = None, keepdim: bool = False
) -> Expression:
    return reshaped(_extreme(builder, source, dim, "min")[1], val.shape)


@row("max.dim")
def _max(
    builder: Builder, val: Sequence[Tensor], source: Expression, dim: int, keepdim: bool = False
) -> tuple[Expression, ...]:
    return tuple(reshaped(part, val[0].shape) for part in _extreme(builder, source, dim, "max"))


@row("min.dim")
def _min(
    builder: Builder, val: Sequence[Tensor], source: Expression, dim: int, keepdim: bool = False
) -> tuple[Expression, ...]:
    return tuple(reshaped(part, val[0].shape) for part in _extreme(builder, source, dim, "min"))


def _less(a: Value, b: Value) -> Value:
    """Whether ``a`` comes before ``b``; NaN comes last."""
    return (a < b) | (~a.is_nan() & b.is_nan()) if a.kind.is_float else a < b


def _ranks(builder: Builder, source: Stored, descending: bool) -> Expression:
    """How many elements of its row come before each element; equal ones stay in order."""
    *lead, extent = source.shape
    shape = (*lead, extent, extent)
    mine, other = reshaped(source, (*lead, extent, 1)), reshaped(source, (*lead, 1, extent))
    counter = Iota((extent,), I64, 1, True, 0, 1)
    order = builder.pointwise(
        lambda i, j: j < i, [reshaped(counter, (extent, 1)), counter], BOOL, (extent, extent), 1, I64
    )

    def before(x: Value, y: Value) -> Value:
        return _less(x, y) if descending else _less(y, x)

    first = builder.pointwise(before, [mine, other], BOOL, shape, 4, source.kind)
    after = builder.pointwise(lambda x, y: before(y, x), [mine, other], BOOL, shape, 4, source.kind)
    wins = builder.pointwise(lambda f, a, o: f | (~a & o), [first, after, order], BOOL, shape, 3)
    return builder.fold(builder.convert(wins, I64), len(lead) + 1, "add")


def _sorted(builder: Builder, source: Expression, dim: int, descending: bool) -> tuple[Expression, Expression]:
    """Sorted values and where they were, along a dim."""
    if not source.shape:
        return source, builder.constant(0, I64)
    rank = len(source.shape)
    dim %= rank
    if source.shape[dim] > MAX_SORTED:
        raise Unsupported(f"sorting {source.shape[dim]} elements; at most {MAX_SORTED} are sorted here")
    order = [*(d for d in range(rank) if d != dim), dim]
    rows = builder.contiguous(permuted(source, order))
    ranks = _ranks(builder, rows, descending)
    counter = moved(Iota((rows.shape[-1],), I64, 1, True, 0, 1), rows.shape, lambda p: [p[-1]])
    back = [order.index(d) for d in range(rank)]
    results = []
    for values in (rows, counter):
        start = builder.constant(0, values.kind, rows.shape)
        result = builder.scatter(start, values, lambda p: [*p[:-1], (ranks, p)], False)
        results.append(permuted(result, back))
    return results[0], results[1]


@row("sort.default", "sort.stable")
def _sort(
    builder: Builder,
    val: Sequence[Tensor],
    source: Expression,
    dim: int = -1,
    descending: bool = False,
    *,
    stable: bool | None = None,
) -> tuple[Expression, Expression]:
    return _sorted(builder, source, dim, descending)


@row("topk.default")
def _topk(
    builder: Builder,
    val: Sequence[Tensor],
    source: Expression,
    k: int,
    dim: int = -1,
    largest: bool = True,
    in_order: bool = True,
) -> tuple[Expression, ...]:
    return tuple(moved(part, val[0].shape, tuple) for part in _sorted(builder, source, dim, largest))
