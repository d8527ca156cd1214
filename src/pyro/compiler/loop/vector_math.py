"""Elementary functions in plain arithmetic, so that they run in vector registers and are inlined into loops.

Each is a formula on :class:`~pyro.compiler.loop.code.Value`. Nothing here may be reassociated: the bodies carry no
fast-math flags. Accuracy against the exact value, found by the tests: ``exp``, ``log``, ``log1p``, ``expm1`` within 2
units in the last place, ``tanh`` within 4, in float32 and in float64; ``digamma`` within 1e-6 and 1e-13 relative (or
absolute near its zeros). Infinities, NaN, zeros and subnormal numbers give what C's library gives.

References:
    W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", Prentice-Hall, 1980: the reductions of
    the argument by a multiple of log 2 in two parts. M. Abramowitz and I. A. Stegun, "Handbook of Mathematical
    Functions", 1964: the series 4.1.27 of the logarithm and 6.3.18 of the digamma function.
"""

import math
from collections.abc import Callable, Sequence

from pyro.compiler.loop.blocks import branch
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.scalar import F64

__all__ = ["LIBRARY", "digamma", "exp", "exp_of", "expm1", "in_double", "log", "log1p", "log_parts", "polynomial",
           "split", "tanh"]  # fmt: skip

_LOG2_HIGH = {4: 0.693145751953125, 8: 0.6931471803691238}  # few bits, so that a multiple of it is exact
_LOG2_LOW = {kind: math.log(2.0) - high for kind, high in _LOG2_HIGH.items()}
_LOG2_LOW[8] = 1.9082149292705877e-10  # log 2 - high to more digits than the difference of doubles has
_MANTISSA = {4: 23, 8: 52}
_BIAS = {4: 127, 8: 1023}
_ATANH = [2.0 / (2 * k + 1) for k in range(1, 12)]
_EXP_RANGE = {4: (-104.0, 89.0), 8: (-746.0, 710.0)}


def exp(x: Value) -> Value:
    """``e ** x``."""
    return x.code.function("exp", x)


def expm1(x: Value) -> Value:
    """``e ** x - 1`` without cancellation near zero."""
    return x.code.function("expm1", x)


def log(x: Value) -> Value:
    """The natural logarithm."""
    return x.code.function("log", x)


def log1p(x: Value) -> Value:
    """``log(1 + x)`` without cancellation near zero."""
    return x.code.function("log1p", x)


def tanh(x: Value) -> Value:
    """The hyperbolic tangent."""
    return x.code.function("tanh", x)


def digamma(x: Value) -> Value:
    """The derivative of the logarithm of the gamma function."""
    return x.code.function("digamma", x)


def in_double(formula: Callable[[Value], Value]) -> Callable[[Value], Value]:
    """Lets a formula for doubles take single precision."""
    return lambda x: formula(x) if x.kind == F64 else formula(x.to(F64)).to(x.kind)


def polynomial(x: Value, coefficients: Sequence[float]) -> Value:
    """``c0 + c1 x + c2 x^2 + ...`` by Horner's rule."""
    result = x.like(coefficients[-1]).spread(x.lanes)
    for coefficient in reversed(coefficients[:-1]):
        result = result.fma(x, coefficient)
    return result


def _reduced_exponent(x: Value) -> tuple[Value, Value]:
    """``(n, r)`` with ``x = n log 2 + r``, ``n`` whole (an integer) and ``|r| <= log(2) / 2``; NaN stays in ``r``."""
    size = x.kind.size
    low, high = _EXP_RANGE[size]
    x = (x > high).where(x.like(high), x)
    x = (x < low).where(x.like(low), x)
    magic = 1.5 * 2.0 ** _MANTISSA[size]  # adding it rounds to a whole number that sits in the low bits
    shifted = x.fma(1 / math.log(2.0), magic)
    n = shifted - magic
    r = n.fma(-_LOG2_HIGH[size], x)
    r = n.fma(-_LOG2_LOW[size], r)
    return shifted.bits() - x.like(magic).spread(x.lanes).bits(), r


def _power_of_two(n: Value) -> Value:
    """``2.0 ** n`` for an integer in the range of normal exponents."""
    size = n.kind.size
    return n.code.binary("shl", n + _BIAS[size], _MANTISSA[size]).as_float()


def _taylor(size: int) -> list[float]:
    return [1 / math.factorial(k) for k in range(1, 9 if size == 4 else 15)]


def _exp(x: Value) -> Value:
    return exp_of(x, None, None)


def exp_of(x: Value, low: Value | None, factor: tuple[Value, Value] | None) -> Value:
    """``exp(x + low)`` for a small ``low``, times a factor that is a sum of two parts."""
    n, r = _reduced_exponent(x)
    r = r if low is None else r + low
    tail = polynomial(r, _taylor(x.kind.size)[1:])
    growth = (r * r).fma(tail, r)
    mantissa = growth + 1.0 if factor is None else growth.fma(*factor) + factor[0]
    half = x.code.binary("shr", n, 1)  # two factors reach subnormal results and infinity
    return mantissa * _power_of_two(half) * _power_of_two(n - half)


def _expm1(x: Value) -> Value:
    n, r = _reduced_exponent(x)
    small = (r * r).fma(polynomial(r, _taylor(x.kind.size)[1:]), r)
    n = n.call("smax", -60)  # below, the result is -1 to the last bit
    scale = _power_of_two(n - 1)
    result = 2.0 * small.fma(scale, scale - 0.5)
    return x.equals(0.0).where(x, n.equals(0).where(small, result))


def split(u: Value) -> tuple[Value, Value]:
    """``(k, m)`` with ``u = 2^k m`` for normal ``u > 0``, ``m`` from sqrt(1/2) to sqrt(2)."""
    size = u.kind.size
    bits, mantissa, bias = u.bits(), _MANTISSA[size], _BIAS[size]
    one = u.like(1.0).spread(u.lanes).bits()
    # vectors of 64 bits have no arithmetic shift and no conversion: all numbers here stay positive
    shifted = bits + (one - u.like(math.sqrt(0.5)).spread(u.lanes).bits())
    power = shifted & ((2 * bias + 1) << mantissa)
    whole = u.like(2.0**mantissa).spread(u.lanes)
    k = (u.code.binary("shr", power, mantissa) | whole.bits()).as_float() - (2.0**mantissa + bias)
    return k, (bits - power + one).as_float()


def _log_of(u: Value, correction: Value | None) -> Value:
    """``log(u) + correction`` for normal ``u = 2^k (1 + f) > 0``: ``k log 2 + 2 atanh(f / (2 + f)) + correction``."""
    size = u.kind.size
    exponent, fraction = split(u)
    f = fraction - 1.0
    s = f / (f + 2.0)
    z = s * s
    series = z * polynomial(z, _ATANH[:5] if size == 4 else _ATANH)
    half_square = 0.5 * f * f
    low = exponent * _LOG2_LOW[size]
    if correction is not None:
        low = low + correction
    return exponent.fma(_LOG2_HIGH[size], f - (half_square - s.fma(half_square + series, low)))


def _log_edges(x: Value, result: Value, shift: float) -> Value:
    """The values of ``log(shift + x)`` at and beyond the ends of its domain."""
    result = x.equals(math.inf).where(x, result)
    result = x.equals(-shift).where(x.like(-math.inf), result)
    return (x < -shift).where(x.like(math.nan), x.is_nan().where(x, result))


def _log(x: Value) -> Value:
    size = x.kind.size
    power = 25 if size == 4 else 54
    tiny = x < 2.0 ** (2 - _BIAS[size])
    normal = tiny.where(x * 2.0**power, x)
    lift = tiny.where(x.like(-power * math.log(2.0)), x.like(0.0))
    return _log_edges(x, _log_of(normal, None) + lift, 0.0)


def log_parts(x: Value) -> tuple[Value, Value, Value]:
    """``(a, b, c)`` with ``log(x) = a - b + c`` for a positive double; about 1 ``a = x - 1`` and ``b = a^2 / 2``."""
    tiny = x < 2.0 ** (2 - _BIAS[8])
    k, mantissa = split(tiny.where(x * 2.0**54, x))
    k = tiny.where(k - 54.0, k)
    f = mantissa - 1.0
    s = f / (f + 2.0)
    z = s * s
    half_square = 0.5 * f * f
    low = s.fma(half_square + z * polynomial(z, _ATANH), k * _LOG2_LOW[8])
    whole = k * _LOG2_HIGH[8]
    high = whole + f
    return high, half_square, low + ((whole - high) + f)


def _log1p(x: Value) -> Value:
    u = x + 1.0
    lost = (x > 1.0).where(1.0 - (u - x), x - (u - 1.0))
    result = _log_of(u, lost / u)
    return x.equals(0.0).where(x, _log_edges(x, result, 1.0))


def _tanh(x: Value) -> Value:
    size = x.call("fabs")
    t = expm1(size * -2.0)
    return (-t / (t + 2.0)).call("copysign", x)


def _digamma(x: Value) -> Value:
    """Recurrence up to 10, then the asymptotic series; reflection for negative arguments."""
    negative = x < 0.0
    y = negative.where(1.0 - x, x)
    total = y.like(0.0).spread(y.lanes)
    for _ in range(10):
        low = y < 10.0
        total = total - low.where(1.0 / y, y.like(0.0))
        y = low.where(y + 1.0, y)
    z = 1.0 / (y * y)
    terms = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12]
    value = total + log(y) - 0.5 / y - z * polynomial(z, terms)

    def reflected() -> tuple[Value]:
        fraction = x - x.call("trunc")
        cotangent = math.pi / x.code.lanewise("tan", fraction * math.pi)
        return (fraction.equals(0.0).where(x.like(math.nan), value - cotangent),)

    value = branch(negative, reflected, lambda: (value,))[0]
    pole = x.like(-math.inf).spread(x.lanes).call("copysign", -x)
    return x.equals(0.0).where(pole, x.equals(math.inf).where(x, value))


LIBRARY: dict[str, Callable[..., Value]] = {
    "digamma": _digamma,
    "exp": _exp,
    "expm1": _expm1,
    "log": _log,
    "log1p": _log1p,
    "tanh": _tanh,
}
