"""Cholesky factors, triangular systems, and what is made of them: loops for small matrices, LAPACK for larger ones.

A matrix without a factor shows as NaN.
"""

import math
from collections.abc import Sequence

from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop import blas
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.code import Code, Value
from pyro.compiler.loop.expression import Expression, Iota, broadcast, permuted, reshaped
from pyro.compiler.loop.operators.elementwise import of_kinds
from pyro.compiler.loop.operators.serial import Running, load, store
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.scalar import I64, ScalarType
from pyro.compiler.loop.scope import Buffer

__all__ = ["MAX_LOOPED", "MIN_FACTORED", "MIN_SOLVED", "identity_matrix", "lower_triangle", "swapped"]

MIN_FACTORED = 8  # rows from which a call factors faster than a loop
MIN_SOLVED = 16  # rows from which a call solves faster than a loop
MAX_LOOPED = 64  # rows from which a loop is out of the question


def swapped(source: Expression) -> Expression:
    """A matrix transposed."""
    last = len(source.shape) - 2
    return permuted(source, [*range(last), last + 1, last])


def _coordinates(shape: Sequence[int]) -> tuple[Expression, Expression]:
    """The row and the column of each element."""
    rows, columns = (Iota((n,), I64, 1) for n in shape[-2:])
    return broadcast(reshaped(rows, (shape[-2], 1)), shape), broadcast(columns, shape)


def identity_matrix(builder: Builder, kind: ScalarType, shape: Sequence[int]) -> Expression:
    """Ones on the diagonal and zeros elsewhere."""
    return builder.pointwise(lambda i, j: i.equals(j), list(_coordinates(shape)), kind, shape, 1, I64)


def lower_triangle(builder: Builder, source: Expression) -> Expression:
    """A matrix with zeros above its diagonal."""
    return of_kinds(
        builder,
        lambda a, i, j: (i >= j).where(a, a.like(0)),
        [source, *_coordinates(source.shape)],
        source.kind,
        source.shape,
    )


@row("linalg_cholesky_ex.default")
def _cholesky(
    builder: Builder, val: Sequence[Tensor], source: Expression, *, upper: bool = False, check_errors: bool = False
) -> tuple[Expression, Expression]:
    n = source.shape[-1]
    source = swapped(source) if upper else source
    if n >= MIN_FACTORED and blas.available(source.kind, "potrf"):
        factor = _called_factor(builder, source)
    elif n <= MAX_LOOPED:
        factor = _looped_factor(builder, source)
    else:
        raise Unsupported(f"a Cholesky factor of {n} rows; without LAPACK at most {MAX_LOOPED} are factored")
    return swapped(factor) if upper else factor, builder.constant(0, builder.kind(val[1]), val[1].shape)


def _called_factor(builder: Builder, source: Expression) -> Expression:
    stored = builder.copied(lower_triangle(builder, source), source.invariant)
    square = builder.matrix(stored)
    builder.call([square], [stored], lambda code: blas.each_matrix(
        code, source.shape[:-2], lambda m: blas.cholesky(code, square, m)))  # fmt: skip
    return stored


def _clear(code: Code, buffer: Buffer, first: Value, numel: int) -> None:
    with code.loop(numel) as counter:
        store(code, buffer, first + code.position(counter), code.constant(buffer.kind, 0))


def _looped_factor(builder: Builder, source: Expression) -> Expression:
    n, kind = source.shape[-1], source.kind

    def body(code: Code, read: Sequence[Buffer], written: Sequence[Buffer]) -> None:
        """``l[i, j] = (a[i, j] - sum_k l[i, k] l[j, k]) / l[j, j]``; what is not known yet is zero."""
        a, factor = read[0], written[0]
        with code.loop(math.prod(source.shape[:-2])) as matrix:
            origin = code.position(matrix) * (n * n)
            _clear(code, factor, origin, n * n)
            with code.loop(n) as column:
                j = code.position(column)
                pivot = Running(code, code.constant(kind, 0))
                pivot.set(_remaining(code, a, factor, origin, j, j, n).call("sqrt"))
                with code.loop(n) as line:
                    i = code.position(line)
                    rest = _remaining(code, a, factor, origin, i, j, n) / pivot.get()
                    value = (i < j).where(code.constant(kind, 0), i.equals(j).where(pivot.get(), rest))
                    store(code, factor, origin + i * n + j, value)

    (stored,) = builder.serial([source], [(kind, source.shape)], body)
    return stored


def _remaining(code: Code, a: Buffer, factor: Buffer, origin: Value, i: Value, j: Value, n: int) -> Value:
    total = Running(code, load(code, a, origin + i * n + j))
    with code.loop(n) as counter:
        k = origin + code.position(counter)
        total.set(total.get() - load(code, factor, k + i * n) * load(code, factor, k + j * n))
    return total.get()


@row("linalg_solve_triangular.default")
def _solve_triangular(
    builder: Builder,
    val: Tensor,
    a: Expression,
    b: Expression,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
) -> Expression:
    lead, n = tuple(val.shape[:-2]), a.shape[-1]
    a, b = broadcast(a, (*lead, n, n)), broadcast(b, val.shape)
    if n >= MIN_SOLVED and blas.available(b.kind, "trsm"):
        return _called_solution(builder, a, b, upper, left, unitriangular)
    if n > MAX_LOOPED:
        raise Unsupported(f"a triangular system of {n} equations; without BLAS at most {MAX_LOOPED} are solved")
    if left:
        return _looped_solution(builder, a, b, upper, unitriangular)
    # x a = b is a' x' = b'
    return swapped(_looped_solution(builder, swapped(a), swapped(b), not upper, unitriangular))


def _called_solution(
    builder: Builder, a: Expression, b: Expression, upper: bool, left: bool, unit: bool
) -> Expression:
    stored, triangle = builder.copied(b, a.invariant and b.invariant), builder.matrix(a)
    right = builder.matrix(stored)
    builder.call([triangle, right], [stored], lambda code: blas.each_matrix(
        code, b.shape[:-2],
        lambda m: blas.solve(code, triangle, right, m, upper=upper, left=left, unit=unit)))  # fmt: skip
    return stored


def _looped_solution(builder: Builder, a: Expression, b: Expression, upper: bool, unitriangular: bool) -> Expression:
    n, columns, kind = a.shape[-1], b.shape[-1], b.kind

    def body(code: Code, read: Sequence[Buffer], written: Sequence[Buffer]) -> None:
        """``x[i] = (b[i] - sum_k a[i, k] x[k]) / a[i, i]`` over the ``k`` that are known."""
        x = written[0]
        with code.loop(math.prod(b.shape[:-2])) as matrix, code.loop(n) as line, code.loop(columns) as column:
            square, origin = code.position(matrix) * (n * n), code.position(matrix) * (n * columns)
            i = (n - 1) - code.position(line) if upper else code.position(line)
            c = origin + code.position(column)
            total = Running(code, load(code, read[1], c + i * columns))
            with code.loop(n) as counter:
                k = code.position(counter)
                product = load(code, read[0], square + i * n + k) * load(code, x, c + k * columns)
                known = k > i if upper else k < i
                total.set(total.get() - known.where(product, code.constant(kind, 0)))
            value = total.get() if unitriangular else total.get() / load(code, read[0], square + i * (n + 1))
            store(code, x, c + i * columns, value)

    (result,) = builder.serial([a, b], [(kind, b.shape)], body)
    return result


def _solve_by_factor(builder: Builder, val: Tensor, b: Expression, factor: Expression, upper: bool) -> Expression:
    """``l l' x = b``, or ``u' u x = b``."""
    lower = swapped(factor) if upper else factor
    half = _solve_triangular(builder, val, lower, b, upper=False)
    return _solve_triangular(builder, val, swapped(lower), half, upper=True)


@row("cholesky_solve.default")
def _cholesky_solve(
    builder: Builder, val: Tensor, b: Expression, factor: Expression, upper: bool = False
) -> Expression:
    return _solve_by_factor(builder, val, b, factor, upper)


@row("cholesky_inverse.default")
def _cholesky_inverse(builder: Builder, val: Tensor, factor: Expression, upper: bool = False) -> Expression:
    identity = identity_matrix(builder, builder.kind(val), val.shape)
    return _solve_by_factor(builder, val, identity, factor, upper)
