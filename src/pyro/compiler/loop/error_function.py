"""The error function and its complement in plain arithmetic, so that they run in vector registers.

Near zero a polynomial; elsewhere ``exp(-x^2) g(x) / (1 + 2 x)`` with a polynomial g in ``(x - 5/2) / (x + 5/2)``, where
the square is taken exactly, in two parts. Single precision is computed in double. Within 2 units in the last place of
the exact value, as the tests find.

References:
    M. M. Shepherd and J. G. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity",
    Mathematics of Computation 36, 1981.
"""

from pyro.compiler.loop.blocks import branch
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.vector_math import LIBRARY, exp_of, in_double, polynomial

__all__ = ["erf", "erfc"]

_CENTRE = 2.5
_LAST = 28.0  # where the complement is smaller than all doubles

# erf(x) / x by powers of x^2 up to 1, and g from 1/2 to 28: equal to them at 13 and 22 Chebyshev nodes
_ERF = (
    1.1283791670955126, -0.3761263890318375, 0.11283791670954879, -0.026866170645076792, 0.0052239776248180145,
    -0.000854832698083379, 0.0001205533111164271, -1.4925595266831182e-05, 1.6461000484121368e-06,
    -1.6350312701054695e-07, 1.4659775274047436e-08, -1.1372848856791674e-09, 5.957176147748911e-11,
)  # fmt: skip
_ERFCX = (
    1.2648381843668615, -0.12235676308240391, -0.09902453957359442, 0.15762991902316154, -0.10296705603909058,
    0.03276089327116656, 0.0009318928313035082, -0.004382078392235905, 0.000491865623824022, 0.0006321249462193283,
    -8.847778859395323e-05, -0.00011352669241466046, 6.259424672752805e-06, 2.271943474373966e-05,
    2.626569578867381e-06, -4.2762804437175635e-06, -1.6099514299162484e-06, 6.354838907299171e-07,
    5.418519299611337e-07, -8.47622934269096e-08, -1.0587646567837358e-07, 2.2691804102771046e-08,
)  # fmt: skip


def erf(x: Value) -> Value:
    """The probability that a normal number with variance 1/2 falls within ``x`` of zero."""
    return x.code.fastest("erf", x)


def erfc(x: Value) -> Value:
    """``1 - erf(x)`` without cancellation."""
    return x.code.fastest("erfc", x)


def _near(x: Value) -> Value:
    """``erf(x)`` for ``|x| <= 1``."""
    return x * polynomial(x * x, _ERF)


def _far(y: Value) -> Value:
    """``erfc(y)`` from 1/2 on."""
    y = (y > _LAST).where(y.like(_LAST), y)
    t = (y - _CENTRE) / (y + _CENTRE)
    change = t * polynomial(t, _ERFCX[1:])
    g = change + _ERFCX[0]
    double = y + y
    divisor = double + 1.0
    ratio = g / divisor
    # what sums and quotient lose is carried along
    lost = ratio.call("fma", -divisor, g) + ((_ERFCX[0] - g) + change) - ratio * ((1.0 - divisor) + double)
    square = y * y
    return exp_of(-square, -y.call("fma", y, -square), (ratio, lost / divisor))


@in_double
def _erf(x: Value) -> Value:
    y = x.call("fabs")
    return branch(y > 1.0, lambda: ((1.0 - _far(y)).call("copysign", x),), lambda: (_near(x),))[0]


@in_double
def _erfc(x: Value) -> Value:
    y = x.call("fabs")

    def far() -> tuple[Value]:
        value = _far(y)
        return ((x < 0.0).where(2.0 - value, value),)

    return branch(y > 0.5, far, lambda: (1.0 - _near(x),))[0]


LIBRARY.update(erf=_erf, erfc=_erfc)
