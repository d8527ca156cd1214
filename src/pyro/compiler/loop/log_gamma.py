r"""The logarithm of the gamma function in plain arithmetic, so that it runs in vector registers.

.. math::
    \log \Gamma(x) = \log \Gamma(2 + t) + \log((x - 1) \cdots (x - n)), \quad x = 2 + t + n

with a polynomial for :math:`\log \Gamma(2 + t) / t` from -0.6 to 1, and factors below the line for small x: so the
zeros at 1 and 2 are met. From 8 on Stirling's series, with a logarithm in two parts. For negative numbers C's library
is called lane by lane. Single precision is computed in double. Within 2 units in the last place of the exact value for
positive numbers, 2.1 at rare ones near 1.4.

References:
    M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions", 1964: 6.1.15 and 6.1.41.
"""

import math

from pyro.compiler.loop.blocks import branch
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.vector_math import LIBRARY, in_double, log_parts, polynomial

__all__ = ["lgamma"]

_LARGE = 8
_SECOND = 1.4142  # from here on the zero at 2 is nearer than that at 1
_EULER = 0.5772156649015329  # minus the slope at 1
_EULER_LOW = 4.942915152430645e-18  # what the doubles next to minus that and to one less that lack

# log gamma(2 + t) / t from -0.6 to 1: equal to it at 23 Chebyshev nodes
_CENTRE = (
    0.42278433509846713, 0.32246703342411326, -0.06735230105319828, 0.020580808427781244, -0.007385551028657677,
    0.0028905103308741156, -0.0011927539122566677, 0.0005096695224567468, -0.00022315474878821138,
    9.945753173804871e-05, -4.49263329833955e-05, 2.050714897659085e-05, -9.438921468140144e-06,
    4.374758035956889e-06, -2.041151072184548e-06, 9.567958404723253e-07, -4.4588356525617493e-07,
    2.0657920536240134e-07, -1.0160783508065566e-07, 5.5137864418043096e-08, -2.70937205541473e-08,
    8.862079512425891e-09, -1.323942083432309e-09,
)  # fmt: skip
# Bernoulli numbers B_2k / (2k (2k - 1))
_STIRLING = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156, -3617 / 122400]


def lgamma(x: Value) -> Value:
    """The logarithm of the gamma function's magnitude."""
    return x.code.fastest("lgamma", x)


def _small(x: Value) -> Value:
    """For numbers from 0 to 8."""
    start = (x >= _SECOND).where(x.like(2.0), (x >= 0.5).where(x.like(1.0), x.like(0.0)))
    t = x - (x >= 3.0).where(x.call("floor"), start)
    # below 1/2 two factors, x (x + 1); what the product loses is added to its logarithm
    tiny = x < 0.5
    following = x + 1.0
    rounded = following * x
    lost = following.call("fma", x, -rounded) + x * (x - (following - 1.0))
    divides = x < _SECOND
    product = divides.where(tiny.where(rounded, x), x.like(1.0))
    for j in range(1, _LARGE - 2):
        product = (x >= j + 2.0).where(product * (x - float(j)), product)
    high, half_square, low = log_parts(product)
    low = low + tiny.where(lost / rounded, x.like(0.0))
    # about 1 the logarithm is t less half of its square and a rest: the first two go into the polynomial
    unit = divides & (x >= 0.7072)
    bend = polynomial(t, _CENTRE[1:])
    more = unit.where(x.like(0.5), x.like(0.0))
    total = bend + more
    slope = t.fma(total, unit.where(x.like(-_EULER), x.like(_CENTRE[0])))
    correction = t * (_EULER_LOW + t * ((more - total) + bend))
    head = unit.where(x.like(0.0), high)
    rest = unit.where(low, low - half_square)
    value = t.fma(slope, divides.where(-head, head) + (divides.where(-rest, rest) + correction))
    return x.equals(0.0).where(x.like(math.inf), value)


def _large(x: Value) -> Value:
    """``(x - 1/2) (log(x) - 1) + (log(2 pi) - 1) / 2`` and a series by ``1 / x``."""
    high, half_square, low = log_parts(x)
    less = high - 1.0
    low = (low - half_square) + ((high - less) - 1.0)
    factor = less + low
    rest = (less - factor) + low
    inverse = 1.0 / x
    series = inverse.fma(polynomial(inverse * inverse, _STIRLING), 0.5 * (math.log(2 * math.pi) - 1.0))
    half = x - 0.5
    return half.fma(factor, half.fma(rest, series))


@in_double
def _lgamma(x: Value) -> Value:
    top = x.like(float(_LARGE))
    is_large = x >= _LARGE

    def positive() -> tuple[Value, ...]:
        return branch(is_large, lambda: (_large(is_large.where(x, top)),), lambda: (_small(x),))

    value = branch(x < 0.0, lambda: (x.code.lanewise("lgamma", x),), positive)[0]
    return x.equals(math.inf).where(x, value)


LIBRARY["lgamma"] = _lgamma
