"""Eigenvalues of symmetric matrices, and orthogonal factors (QR), by LAPACK.

A matrix whose eigenvalues are not found shows as NaN where ATen would raise.
"""

from collections.abc import Sequence

from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop import blas
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.expression import Expression, reshaped
from pyro.compiler.loop.operators.cholesky import lower_triangle, swapped
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.operators.views import moved
from pyro.compiler.loop.scalar import I32

__all__: list[str] = []

_BLOCK = 32
"""How many columns LAPACK may take at a time: its room for numbers is a block for each column."""


@row("_linalg_eigh.default")
def _eigh(
    builder: Builder, val: Sequence[Tensor], source: Expression, UPLO: str = "L", compute_v: bool = True
) -> tuple[Expression, Expression]:
    if not blas.available(source.kind, "syevd"):
        raise Unsupported("no LAPACK is loaded that finds eigenvalues")
    n, lead, kind, invariant = source.shape[-1], source.shape[:-2], source.kind, source.invariant
    stored = builder.copied(swapped(source) if UPLO.upper() == "L" else source, invariant)
    values = builder.room(kind, (*lead, 1, n), invariant)
    work = builder.room(kind, (1, 1 + 6 * n + 2 * n * n), invariant)
    places = builder.room(I32, (1, 3 + 5 * n), invariant)
    rooms = [stored, values, work, places]
    square, found, numbers, indices = (builder.matrix(each) for each in rooms)
    builder.call([square], rooms, lambda code: blas.each_matrix(
        code, lead, lambda m: blas.eigen(code, square, found, numbers, indices, m)))  # fmt: skip
    vectors = swapped(stored) if compute_v else builder.constant(0, kind, val[1].shape)
    return reshaped(values, (*lead, n)), vectors


@row("linalg_qr.default")
def _qr(
    builder: Builder, val: Sequence[Tensor], source: Expression, mode: str = "reduced"
) -> tuple[Expression, Expression]:
    if mode == "complete" or not blas.available(source.kind, "geqrf"):
        raise Unsupported("a complete orthogonal factor" if mode == "complete" else "no LAPACK is loaded for factors")
    lead, (rows, columns) = source.shape[:-2], source.shape[-2:]
    count, kind, invariant = min(rows, columns), source.kind, source.invariant
    scales, work = (builder.room(kind, shape, invariant) for shape in ((*lead, 1, count), (1, _BLOCK * columns)))
    taus, numbers = builder.matrix(scales), builder.matrix(work)
    reflected = builder.copied(swapped(source), invariant)
    before = builder.matrix(reflected)
    builder.call([before], [reflected, scales, work], lambda code: blas.each_matrix(
        code, lead, lambda m: blas.reflections(code, before, taus, numbers, m)))  # fmt: skip
    triangle = swapped(lower_triangle(builder, moved(reflected, (*lead, columns, count), lambda p: p)))
    if mode == "r":
        return builder.constant(0, kind, val[0].shape), triangle
    first = moved(reflected, (*lead, count, rows), lambda p: p)
    unrolled = builder.copied(first, invariant)
    after = builder.matrix(unrolled)
    builder.call([after, taus], [unrolled, work], lambda code: blas.each_matrix(
        code, lead, lambda m: blas.orthogonal(code, after, taus, numbers, m)))  # fmt: skip
    return swapped(unrolled), triangle
