"""Reductions, and what is made of them; products are in ``products``."""

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.expression import Expression, permuted, reshaped
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.scalar import BOOL, ScalarType
from pyro.compiler.loop.vector_math import exp, log

__all__ = ["folded"]

Dims = int | Sequence[int] | None


def _reduced(shape: Sequence[int], dims: Dims) -> list[int]:
    rank = len(shape)
    if dims is None or (not isinstance(dims, int) and not dims):
        return list(range(rank))
    given = [dims] if isinstance(dims, int) else dims
    return sorted({d % max(rank, 1) for d in given}) if rank else []


def folded(builder: Builder, source: Expression, dims: Dims, combine: str, keepdim: bool = False) -> Expression:
    """A tensor reduced over some dims, or all."""
    reduced = _reduced(source.shape, dims)
    kept = [d for d in range(len(source.shape)) if d not in reduced]
    result: Expression = builder.fold(permuted(source, [*kept, *reduced]), len(kept), combine)
    if keepdim:
        result = reshaped(result, [1 if d in reduced else n for d, n in enumerate(source.shape)])
    return result


def _count(source: Expression, dims: Dims) -> int:
    return math.prod(source.shape[d] for d in _reduced(source.shape, dims))


@row("sum.default", "sum.dim_IntList")
def _sum(
    builder: Builder, val: Tensor, source: Expression, dims: Dims = None, keepdim: bool = False, **kwargs: Any
) -> Expression:
    return folded(builder, builder.convert(source, builder.kind(val)), dims, "add", keepdim)


@row("mean.default", "mean.dim")
def _mean(
    builder: Builder, val: Tensor, source: Expression, dims: Dims = None, keepdim: bool = False, **kwargs: Any
) -> Expression:
    kind = builder.kind(val)
    total = folded(builder, builder.convert(source, kind), dims, "add", keepdim)
    count = float(_count(source, dims))
    return builder.pointwise(lambda s, n: s / n, [total, count], kind, val.shape, 5)


@row("prod.default", "prod.dim_int")
def _prod(
    builder: Builder, val: Tensor, source: Expression, dims: Dims = None, keepdim: bool = False, **kwargs: Any
) -> Expression:
    return folded(builder, builder.convert(source, builder.kind(val)), dims, "mul", keepdim)


@row("amax.default", "max.default")
def _amax(builder: Builder, val: Tensor, source: Expression, dims: Dims = None, keepdim: bool = False) -> Expression:
    return folded(builder, source, dims, "max", keepdim)


@row("amin.default", "min.default")
def _amin(builder: Builder, val: Tensor, source: Expression, dims: Dims = None, keepdim: bool = False) -> Expression:
    return folded(builder, source, dims, "min", keepdim)


@row("any.default", "any.dim", "any.dims")
def _any(builder: Builder, val: Tensor, source: Expression, dims: Dims = None, keepdim: bool = False) -> Expression:
    return folded(builder, builder.convert(source, BOOL), dims, "or", keepdim)


@row("all.default", "all.dim", "all.dims")
def _all(builder: Builder, val: Tensor, source: Expression, dims: Dims = None, keepdim: bool = False) -> Expression:
    return folded(builder, builder.convert(source, BOOL), dims, "and", keepdim)


def _moments(
    builder: Builder, kind: ScalarType, source: Expression, dims: Dims, correction: float, keepdim: bool
) -> tuple[Expression, Expression]:
    """Variance and mean."""
    count = _count(source, dims)
    total = folded(builder, source, dims, "add", True)
    mean = builder.store(builder.pointwise(lambda s, n: s / n, [total, float(count)], kind, total.shape, 5))
    centred = builder.pointwise(lambda x, m: (x - m) * (x - m), [source, mean], kind, source.shape, 2)
    squares = folded(builder, centred, dims, "add", keepdim)
    freedom = float(max(count - correction, 0.0))
    variance = builder.pointwise(lambda s, n: s / n, [squares, freedom], kind, squares.shape, 5)
    return variance, reshaped(mean, squares.shape)


@row("var.correction", "var.default", "var.dim")
def _var(
    builder: Builder,
    val: Tensor,
    source: Expression,
    dims: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Expression:
    if isinstance(dims, bool):  # var(source, unbiased)
        dims, unbiased = None, dims
    freedom = float(unbiased) if correction is None else correction
    return _moments(builder, builder.kind(val), source, dims, freedom, keepdim)[0]


@row("var_mean.correction")
def _var_mean(
    builder: Builder,
    val: Sequence[Tensor],
    source: Expression,
    dims: Dims = None,
    *,
    correction: float | None = None,
    keepdim: bool = False,
) -> tuple[Expression, Expression]:
    return _moments(builder, builder.kind(val[0]), source, dims, 1.0 if correction is None else correction, keepdim)


def _exponentials(
    builder: Builder, source: Expression, dim: int, kind: ScalarType
) -> tuple[Expression, Expression, Expression]:
    """``x - max``, its exponential and their sum along a dim."""
    source = builder.convert(source, kind)
    peak = folded(builder, source, dim, "max", True)
    shifted = builder.pointwise(lambda x, m: x - m, [source, peak], kind, source.shape)
    weights = builder.store(builder.pointwise(exp, [shifted], kind, source.shape, 15))
    return shifted, weights, folded(builder, weights, dim, "add", True)


@row("_softmax.default")
def _softmax(builder: Builder, val: Tensor, source: Expression, dim: int, half_to_float: bool) -> Expression:
    kind = builder.kind(val)
    _, weights, total = _exponentials(builder, source, dim, kind)
    return builder.pointwise(lambda w, s: w / s, [weights, total], kind, val.shape, 5)


@row("_log_softmax.default")
def _log_softmax(builder: Builder, val: Tensor, source: Expression, dim: int, half_to_float: bool) -> Expression:
    kind = builder.kind(val)
    shifted, _, total = _exponentials(builder, source, dim, kind)
    level = builder.store(builder.pointwise(log, [total], kind, total.shape, 20))
    return builder.pointwise(lambda x, s: x - s, [shifted, level], kind, val.shape)


@row("_softmax_backward_data.default")
def _softmax_backward(
    builder: Builder, val: Tensor, gradient: Expression, output: Expression, dim: int, *args: Any
) -> Expression:
    kind = builder.kind(val)
    product = builder.pointwise(lambda g, y: g * y, [gradient, output], kind, val.shape)
    total = folded(builder, product, dim, "add", True)
    return builder.pointwise(lambda p, y, s: p - y * s, [product, output, total], kind, val.shape, 2)


@row("_log_softmax_backward_data.default")
def _log_softmax_backward(
    builder: Builder, val: Tensor, gradient: Expression, output: Expression, dim: int, *args: Any
) -> Expression:
    kind = builder.kind(val)
    total = folded(builder, gradient, dim, "add", True)
    return builder.pointwise(lambda g, y, s: g - exp(y) * s, [gradient, output, total], kind, val.shape, 17)


@row("logsumexp.default")
def _logsumexp(builder: Builder, val: Tensor, source: Expression, dims: Dims, keepdim: bool = False) -> Expression:
    kind = builder.kind(val)
    peak = folded(builder, source, dims, "max", True)
    finite = builder.store(
        builder.pointwise(
            lambda m: (m.call("fabs").equals(math.inf)).where(m.like(0.0), m), [peak], kind, peak.shape, 3
        )
    )
    weights = builder.pointwise(lambda x, m: exp(x - m), [source, finite], kind, source.shape, 16)
    total = folded(builder, weights, dims, "add", True)
    result = builder.pointwise(lambda s, m: log(s) + m, [total, finite], kind, total.shape, 21)
    return reshaped(result, val.shape)
