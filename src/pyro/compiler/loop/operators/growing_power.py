"""Powers of one number whose exponent counts the steps, as Adam's corrections: a product each in place of C's pow.

The exponent ``n`` is cut at the last multiple of 64, whose power is taken anew; from there on each step multiplies by
the base once more. So the result depends on the base and on ``n`` alone, not on the step that a run began with, and is
within 64 roundings of the exact power. Any other exponent, or one that jumps, is as right and only slower.
"""

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from pyro.compiler.loop.blocks import branch, repeat
from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.code import STRICT, Code, Value
from pyro.compiler.loop.expression import Expression
from pyro.compiler.loop.operators.elementwise import power
from pyro.compiler.loop.operators.serial import load, store
from pyro.compiler.loop.operators.table import row
from pyro.compiler.loop.scalar import F64, I64
from pyro.compiler.loop.scope import Buffer

__all__: list[str] = []

_PERIOD = 64
_COST = 60
_WHOLE = 2.0**53  # below it doubles tell whole numbers apart


@row("pow.Tensor_Scalar", "pow.Scalar", "pow.Tensor_Tensor")
def _power(builder: Builder, val: Tensor, base: Any, exponent: Any) -> Expression:
    kind = builder.kind(val)
    if builder.flags and kind == F64 and not val.shape and isinstance(exponent, Expression):
        base = builder.operand(base, F64, ())
        if base.invariant and base.kind == exponent.kind == F64 and not exponent.invariant:
            return builder.serial([base, exponent], [(F64, ()), (F64, (4,))], _next_power)[0]
    return builder.pointwise(power, [base, exponent], kind, val.shape, _COST)


def _next_power(code: Code, read: Sequence[Buffer], written: Sequence[Buffer]) -> None:
    """Writes the power; the second buffer keeps exponent, power at the cut, product since and products left."""
    places = [code.constant(I64, i) for i in range(4)]
    flags, code.flags = code.flags, STRICT  # products in the order that is written, whatever steps come before
    base, exponent = (load(code, buffer, places[0]) for buffer in read)
    before, start, product, left = (load(code, written[1], place) for place in places)
    follows = (left > 0.0) & exponent.equals(before + 1.0)
    start, product, left = branch(
        follows, lambda: (start, product * base, left - 1.0), lambda: _anew(base, exponent)
    )
    for place, value in zip(places, (exponent, start, product, left), strict=True):
        store(code, written[1], place, value)
    store(code, written[0], places[0], start * product)
    code.flags = flags


def _anew(base: Value, exponent: Value) -> tuple[Value, Value, Value]:
    cut = (exponent * (1.0 / _PERIOD)).call("floor") * _PERIOD
    is_whole = exponent.equals(exponent.call("floor")) & (exponent >= 0.0) & (exponent < _WHOLE)
    start = base.code.lanewise("pow", base, is_whole.where(cut, exponent))
    count = is_whole.where(exponent - cut, exponent.like(0.0))

    def multiply(product: Value, done: Value) -> tuple[Value, tuple[Value, Value]]:
        return done + 1.0 < count, ((done < count).where(product * base, product), done + 1.0)

    product, _ = repeat((base.like(1.0), base.like(0.0)), multiply)
    return start, product, is_whole.where(_PERIOD - 1.0 - count, count)
