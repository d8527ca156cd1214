"""Operators in which an element needs the one before it: running sums."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.code import Code, Value
from pyro.compiler.loop.expression import Expression, permuted
from pyro.compiler.loop.operators.reductions import folded
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.scope import Buffer
from pyro.compiler.loop.vector_math import exp, log1p

__all__ = ["Running", "load", "store"]


def _element(code: Code, buffer: Buffer, index: Value) -> str:
    return code.raw(f"getelementptr {buffer.kind.memory}, ptr {buffer.name}, {index.typed()}")


def load(code: Code, buffer: Buffer, index: Value) -> Value:
    """An element of a buffer."""
    kind = buffer.kind
    return code.emit(kind, 1, f"load {kind.memory}, ptr {_element(code, buffer, index)}, align {kind.size}")


def store(code: Code, buffer: Buffer, index: Value, value: Value) -> None:
    """Writes an element of a buffer."""
    code.do(f"store {value.typed()}, ptr {_element(code, buffer, index)}, align {buffer.kind.size}")


class Running:
    """A number that changes from turn to turn of a loop.

    Args:
        code: where.
        start: what it is at first.
    """

    def __init__(self, code: Code, start: Value) -> None:
        self.code, self.kind = code, start.kind
        self.place = code.alloca(start.kind.register)
        self.set(start)

    def set(self, value: Value) -> None:
        """Changes it."""
        self.code.do(f"store {value.typed()}, ptr {self.place}, align 32")

    def get(self) -> Value:
        """What it is."""
        return self.code.emit(self.kind, 1, f"load {self.kind.register}, ptr {self.place}, align 32")


@row("cumsum.default")
def _cumsum(builder: Builder, val: Tensor, source: Expression, dim: int, **kwargs: Any) -> Expression:
    return _scan(builder, builder.convert(source, builder.kind(val)), dim, 0, lambda total, x: total + x)


@row("cumprod.default")
def _cumprod(builder: Builder, val: Tensor, source: Expression, dim: int, **kwargs: Any) -> Expression:
    return _scan(builder, builder.convert(source, builder.kind(val)), dim, 1, lambda total, x: total * x)


def _log_sum(total: Value, x: Value) -> Value:
    """``log(exp(total) + exp(x))``; an infinite one is the sum."""
    most, least = total.call("maximum", x), total.call("minimum", x)
    return most.call("fabs").equals(math.inf).where(most, most + log1p(exp(least - most)))


@row("logcumsumexp.default", "_logcumsumexp.default")
def _logcumsumexp(builder: Builder, val: Tensor, source: Expression, dim: int) -> Expression:
    return _scan(builder, source, dim, -math.inf, _log_sum)


def _scan(
    builder: Builder, source: Expression, dim: int, start: float, combine: Callable[[Value, Value], Value]
) -> Expression:
    if not source.numel or not source.shape:
        return source
    rank = len(source.shape)
    order = [*(d for d in range(rank) if d != dim % rank), dim % rank]
    rows = permuted(source, order)
    extent = rows.shape[-1]

    def body(code: Code, read: Sequence[Buffer], written: Sequence[Buffer]) -> None:
        with code.loop(rows.numel // extent) as counter:
            first = code.position(counter) * extent
            total = Running(code, code.constant(rows.kind, start))
            with code.loop(extent) as step:
                place = first + code.position(step)
                total.set(combine(total.get(), load(code, read[0], place)))
                store(code, written[0], place, total.get())

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
