"""Powers of floating-point numbers in plain arithmetic, so that they run in vector registers.

``exp(y log(x))`` with the logarithm in two parts, good to 64 bits, which the exponential needs for its own. What is not
a power of a positive normal number by one of moderate size goes to C's library, lane by lane. Single precision is
computed in double, where one part is enough. Within 2 units in the last place of the exact value, as the tests find.

References:
    T. J. Dekker, "A floating-point technique for extending the available precision", Numerische Mathematik 18, 1971.
"""

import math

from pyro.compiler.loop.blocks import branch
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.scalar import F32, F64
from pyro.compiler.loop.vector_math import LIBRARY, exp, exp_of, log, polynomial, split

__all__ = ["power"]

_LOG2 = (0.6931471805592082, 7.371002565167799e-13)  # of 40 bits, so that a multiple of it is exact; and the rest
_THIRD_LOW = 3.700743415417188e-17  # 2/3 less the double next to it
_SERIES = [2.0 / (2 * k + 1) for k in range(2, 12)]
_FAR = 2.0**64  # an exponent of which the power of any number but 1 is zero or infinite


def power(base: Value, exponent: Value) -> Value:
    """``base ** exponent`` for floats, as C's library defines it."""
    return base.code.fastest("pow", base, exponent)


def _fast_sum(a: Value, b: Value) -> tuple[Value, Value]:
    """The sum and its rounding error, for an ``a`` that is zero or not smaller than ``b``."""
    total = a + b
    return total, (a - total) + b


def _product(a: Value, b: Value) -> tuple[Value, Value]:
    """The product and its rounding error."""
    result = a * b
    return result, a.call("fma", b, -result)


def _long_log(x: Value) -> tuple[Value, Value]:
    """The logarithm of a positive normal number in two parts: ``2 atanh(f / (2 + f))`` and a multiple of log 2."""
    k, mantissa = split(x)
    f = mantissa - 1.0
    below = f + 2.0
    inverse = 1.0 / below
    s = f * inverse
    s_low = inverse * (s.call("fma", -below, f) - s * (f - (below - 2.0)))
    z, z_low = _product(s, s)
    z_low = z_low + 2.0 * s * s_low
    rest, rest_low = _fast_sum(x.like(2.0 / 3.0), z * polynomial(z, _SERIES))
    rest_low = rest_low + _THIRD_LOW
    cube, cube_low = _product(z, rest)
    cube_low = cube_low + (z * rest_low + z_low * rest)
    tail, tail_low = _product(s, cube)
    tail_low = tail_low + (s * cube_low + s_low * cube)
    head, first = _fast_sum(s + s, tail)
    head, second = _fast_sum(k * _LOG2[0], head)
    low = second + (first + (tail_low + (2.0 * s_low + k * _LOG2[1])))
    return _fast_sum(head, low)


def _double(x: Value, y: Value) -> Value:
    high, low = _long_log(x)
    product, lost = _product(y, high)
    lost = y.fma(low, lost)
    return exp_of(product, (product.call("fabs") < 1e3).where(lost, x.like(0.0)), None)


def _power(x: Value, y: Value) -> Value:
    is_single = x.kind.size == 4
    smallest = 2.0**-126 if is_single else 2.0**-1022
    plain = (x >= smallest) & (x < math.inf) & (y.call("fabs") < _FAR)

    def fast() -> tuple[Value]:
        if not is_single:
            return (_double(x, y),)
        return (exp(y.to(F64) * log(x.to(F64))).to(F32),)

    return branch(plain, fast, lambda: (x.code.lanewise("pow", x, y),))[0]


LIBRARY["pow"] = _power
