"""Operators in which an element needs the one before it: running sums, factorisations, triangular systems."""

import math
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.code import Code, Value
from pyro.compiler.loop.expression import Expression, permuted
from pyro.compiler.loop.operators.reductions import folded
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.scope import Buffer

__all__ = ["MAX_FACTORED"]

MAX_FACTORED = 64  # rows of a matrix; a library factors larger ones faster


def _element(code: Code, buffer: Buffer, index: Value) -> str:
    return code.raw(f"getelementptr {buffer.kind.memory}, ptr {buffer.name}, {index.typed()}")


def _load(code: Code, buffer: Buffer, index: Value) -> Value:
    kind = buffer.kind
    return code.emit(kind, 1, f"load {kind.memory}, ptr {_element(code, buffer, index)}, align {kind.size}")


def _store(code: Code, buffer: Buffer, index: Value, value: Value) -> None:
    code.do(f"store {value.typed()}, ptr {_element(code, buffer, index)}, align {buffer.kind.size}")


class _Running:
    """A number that changes from turn to turn of a loop."""

    def __init__(self, code: Code, start: Value) -> None:
        self.code, self.kind = code, start.kind
        self.place = code.alloca(start.kind.register)
        self.set(start)

    def set(self, value: Value) -> None:
        self.code.do(f"store {value.typed()}, ptr {self.place}, align 32")

    def get(self) -> Value:
        return self.code.emit(self.kind, 1, f"load {self.kind.register}, ptr {self.place}, align 32")


@row("cumsum.default")
def _cumsum(builder: Builder, val: Tensor, source: Expression, dim: int, **kwargs: Any) -> Expression:
    return _scan(builder, builder.convert(source, builder.kind(val)), dim, "add")


@row("cumprod.default")
def _cumprod(builder: Builder, val: Tensor, source: Expression, dim: int, **kwargs: Any) -> Expression:
    return _scan(builder, builder.convert(source, builder.kind(val)), dim, "mul")


def _scan(builder: Builder, source: Expression, dim: int, operator: str) -> Expression:
    if not source.numel or not source.shape:
        return source
    rank = len(source.shape)
    order = [*(d for d in range(rank) if d != dim % rank), dim % rank]
    rows = permuted(source, order)
    extent = rows.shape[-1]

    def body(code: Code, read: Sequence[Buffer], written: Sequence[Buffer]) -> None:
        with code.loop(rows.numel // extent) as counter:
            first = code.position(counter) * extent
            total = _Running(code, code.constant(rows.kind, 0 if operator == "add" else 1))
            with code.loop(extent) as step:
                place = first + code.position(step)
                total.set(code.binary(operator, total.get(), _load(code, read[0], place)))
                _store(code, written[0], place, total.get())

    (result,) = builder.serial([rows], [(rows.kind, rows.shape)], body)
    return permuted(result, [order.index(d) for d in range(rank)])


@row("linalg_vector_norm.default")
def _norm(
    builder: Builder,
    val: Tensor,
    source: Expression,
    order: float = 2,
    dims: Any = None,
    keepdim: bool = False,
    **kwargs: Any,
) -> Expression:
    if order != 2:
        raise Unsupported(f"the norm of order {order}")
    kind = builder.kind(val)
    squares = builder.pointwise(lambda x: x * x, [builder.convert(source, kind)], kind, source.shape)
    total = folded(builder, squares, dims, "add", keepdim)
    return builder.pointwise(lambda s: s.call("sqrt"), [total], kind, val.shape, 6)


def _clear(code: Code, buffer: Buffer, first: Value, numel: int) -> None:
    with code.loop(numel) as counter:
        _store(code, buffer, first + code.position(counter), code.constant(buffer.kind, 0))


@row("linalg_cholesky_ex.default")
def _cholesky(
    builder: Builder, val: Sequence[Tensor], source: Expression, *, upper: bool = False, check_errors: bool = False
) -> tuple[Expression, Expression]:
    rank, n = len(source.shape), source.shape[-1]
    if n > MAX_FACTORED:
        raise Unsupported(f"a Cholesky factor of {n} rows; at most {MAX_FACTORED} are factored here")
    swapped = [*range(rank - 2), rank - 1, rank - 2]
    source = permuted(source, swapped) if upper else source
    kind = source.kind

    def body(code: Code, read: Sequence[Buffer], written: Sequence[Buffer]) -> None:
        """``l[i, j] = (a[i, j] - sum_k l[i, k] l[j, k]) / l[j, j]``; what is not known yet is zero."""
        a, factor = read[0], written[0]
        with code.loop(math.prod(source.shape[:-2])) as matrix:
            origin = code.position(matrix) * (n * n)
            _clear(code, factor, origin, n * n)
            with code.loop(n) as column:
                j = code.position(column)
                pivot = _Running(code, code.constant(kind, 0))
                pivot.set(_remaining(code, a, factor, origin, j, j, n).call("sqrt"))
                with code.loop(n) as line:
                    i = code.position(line)
                    rest = _remaining(code, a, factor, origin, i, j, n) / pivot.get()
                    value = (i < j).where(code.constant(kind, 0), i.equals(j).where(pivot.get(), rest))
                    _store(code, factor, origin + i * n + j, value)

    (stored,) = builder.serial([source], [(kind, source.shape)], body)
    result: Expression = permuted(stored, swapped) if upper else stored
    return result, builder.constant(0, builder.kind(val[1]), val[1].shape)


def _remaining(code: Code, a: Buffer, factor: Buffer, origin: Value, i: Value, j: Value, n: int) -> Value:
    total = _Running(code, _load(code, a, origin + i * n + j))
    with code.loop(n) as counter:
        k = origin + code.position(counter)
        total.set(total.get() - _load(code, factor, k + i * n) * _load(code, factor, k + j * n))
    return total.get()


@row("linalg_solve_triangular.default")
def _solve(
    builder: Builder,
    val: Tensor,
    a: Expression,
    b: Expression,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
) -> Expression:
    rank, n = len(b.shape), a.shape[-1]
    if n > MAX_FACTORED or a.shape[:-2] != b.shape[:-2]:
        raise Unsupported(f"a triangular system of shapes {a.shape} and {b.shape}")
    swapped = [*range(rank - 2), rank - 1, rank - 2]
    if not left:  # x a = b is a' x' = b'
        a, b, upper = permuted(a, swapped), permuted(b, swapped), not upper
    columns, kind = b.shape[-1], b.kind

    def body(code: Code, read: Sequence[Buffer], written: Sequence[Buffer]) -> None:
        """``x[i] = (b[i] - sum_k a[i, k] x[k]) / a[i, i]`` over the ``k`` that are known."""
        x = written[0]
        with code.loop(math.prod(b.shape[:-2])) as matrix, code.loop(n) as line, code.loop(columns) as column:
            square, origin = code.position(matrix) * (n * n), code.position(matrix) * (n * columns)
            i = (n - 1) - code.position(line) if upper else code.position(line)
            c = origin + code.position(column)
            total = _Running(code, _load(code, read[1], c + i * columns))
            with code.loop(n) as counter:
                k = code.position(counter)
                product = _load(code, read[0], square + i * n + k) * _load(code, x, c + k * columns)
                known = k > i if upper else k < i
                total.set(total.get() - known.where(product, code.constant(kind, 0)))
            value = total.get() if unitriangular else total.get() / _load(code, read[0], square + i * (n + 1))
            _store(code, x, c + i * columns, value)

    (result,) = builder.serial([a, b], [(kind, b.shape)], body)
    return result if left else permuted(result, swapped)
