"""Products of matrices and vectors: loops where operands are small or read once, calls of BLAS elsewhere."""

import math

from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop.blas import available, each_matrix, product
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.expression import Expression, broadcast, permuted, placed, reshaped
from pyro.compiler.loop.operators.elementwise import promoted
from pyro.compiler.loop.operators.table import row

__all__ = ["MAX_LOOPED", "MIN_CALLED"]

MIN_CALLED = 1 << 17  # multiplications of one matrix product from which a call is faster than a loop
MAX_LOOPED = 1 << 25  # multiplications from which a loop is out of the question
_THIN = 8  # rows or columns up to which an operand is read about once; its loop shares passes with other loops


def _multiplied(builder: Builder, left: Expression, right: Expression) -> Expression:
    """``left @ right`` over the last two dims."""
    rows, inner, columns = left.shape[-2], left.shape[-1], right.shape[-1]
    products = rows * inner * columns
    if inner == 1:  # nothing to sum: computed where it is used
        shape = (*left.shape[:-2], rows, columns)
        return builder.pointwise(lambda x, y: x * y, [left, right], promoted(left, right), shape)
    thin = min(rows, columns) <= _THIN or inner == 0
    if not thin and products >= MIN_CALLED and available(promoted(left, right), "gemm"):
        return _called(builder, left, right)
    if not thin and products * math.prod(left.shape[:-2]) > MAX_LOOPED:
        raise Unsupported(f"{products} products in a loop; no BLAS is loaded")
    if _turned(left) and _turned(right):  # a' b' = (b a)' runs along the rows of both
        last = len(left.shape) - 2
        order = [*range(last), last + 1, last]
        return permuted(_looped(builder, permuted(right, order), permuted(left, order)), order)
    return _looped(builder, left, right)


def _turned(matrix: Expression) -> bool:
    """Whether columns lie together rather than rows."""
    place = placed(matrix)
    return place is not None and place[2][-2] == 1 and place[2][-1] != 1


def _called(builder: Builder, left: Expression, right: Expression) -> Expression:
    kind, lead = promoted(left, right), left.shape[:-2]
    a, b = (builder.matrix(builder.convert(e, kind)) for e in (left, right))
    stored = builder.room(kind, (*lead, left.shape[-2], right.shape[-1]), left.invariant and right.invariant)
    result = builder.matrix(stored)
    builder.call([a, b], [stored], lambda code: each_matrix(code, lead, lambda i: product(code, a, b, result, i)))
    return stored


def _looped(builder: Builder, left: Expression, right: Expression) -> Expression:
    """Sums of products."""
    kind = promoted(left, right)
    rows, inner, columns = left.shape[-2], left.shape[-1], right.shape[-1]
    lead = left.shape[:-2]
    shape = (*lead, rows, columns, inner)
    a = broadcast(reshaped(left, (*lead, rows, 1, inner)), shape)
    last = len(lead)
    b = broadcast(reshaped(permuted(right, [*range(last), last + 1, last]), (*lead, 1, columns, inner)), shape)
    body = builder.pointwise(lambda x, y: x * y, [a, b], kind, shape)
    return builder.fold(body, last + 2, "add")


@row("mm.default", "bmm.default")
def _mm(builder: Builder, val: Tensor, left: Expression, right: Expression) -> Expression:
    return _multiplied(builder, left, right)


@row("mv.default")
def _mv(builder: Builder, val: Tensor, left: Expression, right: Expression) -> Expression:
    body = builder.pointwise(lambda x, y: x * y, [left, right], builder.kind(val), left.shape)
    return builder.fold(body, 1, "add")


@row("dot.default")
def _dot(builder: Builder, val: Tensor, left: Expression, right: Expression) -> Expression:
    return builder.fold(builder.pointwise(lambda x, y: x * y, [left, right], builder.kind(val), left.shape), 0, "add")


@row("addmm.default", "baddbmm.default", "addmv.default")
def _addmm(
    builder: Builder,
    val: Tensor,
    start: Expression,
    left: Expression,
    right: Expression,
    *,
    beta: float = 1,
    alpha: float = 1,
) -> Expression:
    product = _mv(builder, val, left, right) if len(right.shape) == 1 else _multiplied(builder, left, right)
    kind = builder.kind(val)
    return builder.pointwise(lambda c, p, b, a: c * b + p * a, [start, product, beta, alpha], kind, val.shape, 2)
