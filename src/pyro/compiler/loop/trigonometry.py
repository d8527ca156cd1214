"""Sine, cosine and inverse cosine in plain arithmetic, so that they run in vector registers.

Sine and cosine take the nearest multiple of a quarter turn off, in four parts of which the products are exact, and add
power series. Beyond a million, where the parts do not reach, C's library is called lane by lane. The inverse cosine
has a polynomial for the inverse sine up to 1/2, from which half angles lead further. Single precision is computed in
double. Within 2 units in the last place of the exact value, as the tests find.

References:
    W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", Prentice-Hall, 1980: the reduction.
    D. E. Knuth, "The Art of Computer Programming", volume 2, 4.2.2: the exact sum of two numbers.
"""

import math
from collections.abc import Callable

from pyro.compiler.loop.blocks import branch
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.scalar import F64
from pyro.compiler.loop.vector_math import LIBRARY, in_double, polynomial

__all__ = ["acos", "cos", "sin"]

_QUARTER = (1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21, 8.478427660348229e-32)
"""Half of pi in parts of 33 bits, and the rest."""
_FAR = 2.0**20  # multiples of the parts are exact up to here

_MAGIC = 1.5 * 2.0**52  # adding it rounds to a whole number that sits in the low bits

_SINE = [(-1.0) ** k / math.factorial(2 * k + 1) for k in range(1, 9)]
_COSINE = [(-1.0) ** k / math.factorial(2 * k) for k in range(2, 9)]

# the inverse sine over x, by powers of x^2 up to 1/4: equal to it at 13 Chebyshev nodes
_ASIN = (
    1.0, 0.16666666666664942, 0.07500000000385201, 0.044642856805998936, 0.03038195969768514, 0.022371749733164054,
    0.01735977964134998, 0.01388484282640208, 0.012170138592391726, 0.0065293020047365695, 0.019513468251252167,
    -0.016187392271599134, 0.03187962140081284,
)  # fmt: skip


def sin(x: Value) -> Value:
    """The sine of an angle in radians."""
    return x.code.function("sin", x)


def cos(x: Value) -> Value:
    """The cosine of an angle in radians."""
    return x.code.function("cos", x)


def acos(x: Value) -> Value:
    """The angle from 0 to pi with a cosine."""
    return x.code.function("acos", x)


def _sum(a: Value, b: Value) -> tuple[Value, Value]:
    """The sum and its rounding error."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _reduced(x: Value) -> tuple[Value, Value, Value]:
    """``(n, r, s)`` with ``x = n pi / 2 + r + s``, ``n`` whole (an integer, of which the lower bits count)."""
    shifted = x.fma(2 / math.pi, _MAGIC)
    n = shifted - _MAGIC
    r, first = _sum(x - n * _QUARTER[0], n * -_QUARTER[1])
    r, second = _sum(r, n * -_QUARTER[2])
    low = first + (second - n * _QUARTER[3])
    head = r + low
    return shifted.bits(), head, (r - head) + low


def _turned(x: Value, quarters: int) -> Value:
    """The sine of ``x`` and some quarters of a turn."""

    def near() -> tuple[Value]:
        n, r, low = _reduced(x)
        z = r * r
        half = z * 0.5
        sine = r + (r * z).fma(polynomial(z, _SINE), low * (1.0 - half))
        top = 1.0 - half
        cosine = top + (((1.0 - top) - half) + (z * z).fma(polynomial(z, _COSINE), -(r * low)))
        return (_chosen(n + quarters, sine, cosine),)

    return _unless_far(x, quarters, near)


def _single(x: Value, quarters: int) -> Value:
    """The same in single precision: for doubles fewer parts and terms do."""

    def near() -> tuple[Value]:
        wide = x.to(F64)
        shifted = wide.fma(2 / math.pi, _MAGIC)
        n = shifted - _MAGIC
        r = (wide - n * _QUARTER[0]) - n * (_QUARTER[1] + _QUARTER[2])
        z = r * r
        sine, cosine = (r * z).fma(polynomial(z, _SINE[:4]), r), (z * z).fma(polynomial(z, _COSINE[:4]), 1.0 - 0.5 * z)
        return (_chosen(shifted.bits() + quarters, sine, cosine).to(x.kind),)

    return _unless_far(x, quarters, near)


def _chosen(n: Value, sine: Value, cosine: Value) -> Value:
    """The sine after ``n`` quarters of a turn."""
    value = (n & 1).equals(0).where(sine, cosine)
    return (n & 2).equals(0).where(value, -value)


def _unless_far(x: Value, quarters: int, near: Callable[[], tuple[Value]]) -> Value:
    name = "cos" if quarters else "sin"
    return branch(x.call("fabs") <= _FAR, near, lambda: (x.code.lanewise(name, x),))[0]


def _sin(x: Value) -> Value:
    value = _turned(x, 0) if x.kind == F64 else _single(x, 0)
    return x.equals(0.0).where(x, value)


def _cos(x: Value) -> Value:
    return _turned(x, 1) if x.kind == F64 else _single(x, 1)


@in_double
def _acos(x: Value) -> Value:
    size = x.call("fabs")
    inner = size <= 0.5
    z = inner.where(x * x, (1.0 - size) * 0.5)
    s = inner.where(x, z.call("sqrt"))
    angle = s * polynomial(z, _ASIN)
    middle = 0.5 * math.pi - (angle - 6.123233995736766e-17)  # what the double next to pi / 2 lacks
    outer = angle + angle
    return inner.where(middle, (x < 0.0).where(math.pi - (outer - 1.2246467991473532e-16), outer))


LIBRARY.update(sin=_sin, cos=_cos, acos=_acos)
