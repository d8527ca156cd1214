"""Triangular factors with row swaps, by LAPACK: determinants, inverses and systems of equations.

For a determinant ATen factors the transpose of a contiguous matrix, which its derivative counts on; so does this file.
The factors lie column by column, as ATen's do. A singular matrix shows as infinity or NaN where ATen would raise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.fx import Node

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop import blas
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.expression import Expression, Iota, broadcast, reshaped
from pyro.compiler.loop.operators.cholesky import identity_matrix, swapped
from pyro.compiler.loop.operators.elementwise import absolute, of_kinds, sign
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.operators.views import diagonal, is_contiguous
from pyro.compiler.loop.scalar import I32, ScalarType
from pyro.compiler.loop.vector_math import log

__all__: list[str] = []


@dataclass(frozen=True)
class _Factors:
    """The factors of a matrix.

    Attributes:
        rows: in memory that holds their transpose row by row.
        pivots: with which row each one was swapped, from 1 on.
    """

    rows: Expression
    pivots: Expression


def _factors(builder: Builder, source: Expression) -> _Factors:
    """The factors of the transpose of a matrix."""
    if not blas.available(source.kind, "getrf"):
        raise Unsupported("no LAPACK is loaded that could factor a matrix")
    stored = builder.copied(source, source.invariant)
    pivots = builder.room(I32, (*source.shape[:-2], 1, source.shape[-1]), source.invariant)
    square, swaps = builder.matrix(stored), builder.matrix(pivots)
    builder.call([square], [stored, pivots], lambda code: blas.each_matrix(
        code, source.shape[:-2], lambda m: blas.factor(code, square, swaps, m)))  # fmt: skip
    return _Factors(stored, reshaped(pivots, source.shape[:-1]))


def _factors_like_aten(builder: Builder, source: Expression) -> _Factors:
    """The factors that ATen makes for a determinant: those of the transpose of a contiguous matrix."""
    given = builder.node.args[0] if builder.node is not None else None
    assert isinstance(given, Node)
    return _factors(builder, source if is_contiguous(given.meta["val"]) else swapped(source))


def _solved(builder: Builder, factors: _Factors, right: Expression, transposed: bool) -> Expression:
    """``a x = b`` for each row ``b`` of a matrix; ``a' x = b`` where ``transposed``."""
    invariant = factors.rows.invariant and factors.pivots.invariant and right.invariant
    stored = builder.copied(right, invariant)
    lead, n = right.shape[:-2], right.shape[-1]
    rows = builder.matrix(broadcast(factors.rows, (*lead, n, n)), by_rows=True)
    swaps = builder.matrix(broadcast(reshaped(factors.pivots, (*factors.pivots.shape[:-1], 1, n)), (*lead, 1, n)))
    target = builder.matrix(stored)
    builder.call([rows, swaps, target], [stored], lambda code: blas.each_matrix(
        code, lead, lambda m: blas.solve_factored(code, rows, swaps, target, m, transposed=transposed)))  # fmt: skip
    return stored


def _signed(builder: Builder, factors: _Factors, kind: ScalarType) -> Expression:
    """The diagonal of the upper factor, negative where rows were swapped."""
    n = factors.rows.shape[-1]
    entries = diagonal(factors.rows)
    places = broadcast(Iota((n,), I32, 1, True, 1), entries.shape)
    return of_kinds(
        builder, lambda d, p, i: p.equals(i).where(d, -d), [entries, factors.pivots, places], kind, entries.shape
    )


@row("_linalg_det.default")
def _det(builder: Builder, val: Sequence[Tensor], source: Expression) -> tuple[Expression, ...]:
    factors = _factors_like_aten(builder, source)
    det = builder.fold(_signed(builder, factors, source.kind), len(source.shape) - 2, "mul")
    return det, swapped(factors.rows), factors.pivots


@row("_linalg_slogdet.default")
def _slogdet(builder: Builder, val: Sequence[Tensor], source: Expression) -> tuple[Expression, ...]:
    factors = _factors_like_aten(builder, source)
    kind, rank = source.kind, len(source.shape) - 2
    entries = _signed(builder, factors, kind)
    signs = builder.fold(builder.pointwise(sign, [entries], kind, entries.shape, 3), rank, "mul")
    logs = builder.pointwise(lambda d: log(absolute(d)), [entries], kind, entries.shape, 21)
    return signs, builder.fold(logs, rank, "add"), swapped(factors.rows), factors.pivots


@row("linalg_lu_factor_ex.default")
def _lu_factor(
    builder: Builder, val: Sequence[Tensor], source: Expression, *, pivot: bool = True, check_errors: bool = False
) -> tuple[Expression, ...]:
    if not pivot or source.shape[-2] != source.shape[-1]:
        raise Unsupported("factors without pivots, or of a matrix that is not square")
    factors = _factors(builder, swapped(source))
    return swapped(factors.rows), factors.pivots, _success(builder, val[2])


def _success(builder: Builder, val: Tensor) -> Expression:
    return builder.constant(0, builder.kind(val), val.shape)


@row("linalg_lu_solve.default")
def _lu_solve(
    builder: Builder,
    val: Tensor,
    factors: Expression,
    pivots: Expression,
    b: Expression,
    *,
    left: bool = True,
    adjoint: bool = False,
) -> Expression:
    b = broadcast(b, val.shape)
    return _solution(builder, _Factors(swapped(factors), pivots), b, left, adjoint)


def _solution(builder: Builder, factors: _Factors, b: Expression, left: bool, transposed: bool) -> Expression:
    """``a x = b``, or ``x a = b``, given the factors of ``a`` or of its transpose."""
    if left:
        return swapped(_solved(builder, factors, swapped(b), transposed))
    return _solved(builder, factors, b, not transposed)


@row("linalg_inv_ex.default")
def _inverse(
    builder: Builder, val: Sequence[Tensor], source: Expression, *, check_errors: bool = False
) -> tuple[Expression, Expression]:
    identity = identity_matrix(builder, source.kind, source.shape)
    return _solved(builder, _factors(builder, source), identity, False), _success(builder, val[1])


@row("_linalg_solve_ex.default")
def _solve(
    builder: Builder,
    val: Sequence[Tensor],
    source: Expression,
    b: Expression,
    *,
    left: bool = True,
    check_errors: bool = False,
) -> tuple[Expression, ...]:
    factors = _factors(builder, swapped(source))
    shape = tuple(val[0].shape)
    is_vector = b.shape == source.shape[:-1]  # as ATen tells a batch of vectors from matrices
    columns = (*shape, 1) if is_vector else shape
    right = broadcast(reshaped(b, (*b.shape, 1)) if is_vector else b, columns)
    solution = reshaped(_solution(builder, factors, right, left, False), shape)
    return solution, swapped(factors.rows), factors.pivots, _success(builder, val[3])
