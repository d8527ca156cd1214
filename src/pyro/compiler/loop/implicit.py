r"""Gradients of Gamma and Dirichlet variates by their shapes: implicit reparameterisation.

A variate with distribution function F and density p moves with its shape by ``-(dF / d shape) / p``. Call this y for
``x ~ Gamma(a)``; for ``x ~ Beta(a, n - a)`` let y be ``n / (1 - x)`` times it. Differentiating ``-dF/da`` by x shows
that both solve one linear equation, in ``m = a / n`` (0 for Gamma) and ``l = x / m`` (for Gamma ``x / a``):

.. math::
    \tfrac{1 - m l}{a} (l y' - y) + (1 - l) y = l (\psi(a) - \psi(n) - \log x)

Its solution in powers of 1/a, with smooth coefficients, is uniform in l and m. Smaller shapes are raised first, by

.. math::
    y(a, n) = \tfrac{x n}{a} (\tfrac{n}{n + 1} y(a + 1, n + 1) + \psi(a + 1) - \psi(n) - \log x)

(for Gamma without n). The terms have one sign below the mean; above it, errors grow like the inverse of the
probability q of a larger variate. Far above it the Gamma variate's gradient comes from the asymptotic series of the
complementary function instead. Relative errors are below ``1e-10 + 1e-12 / q``, as the tests find.

References:
    M. Figurnov, S. Mohamed, A. Mnih, "Implicit reparameterization gradients", NeurIPS 2018: the idea.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

from pyro.compiler.loop.blocks import branch, repeat
from pyro.compiler.loop.code import Value
from pyro.compiler.loop.vector_math import log, log1p, polynomial

__all__ = ["dirichlet_grad", "standard_gamma_grad"]

_LARGE = 20.0  # shapes from here on are not raised
_DISTANT = 18.0  # above a small shape, where Gamma variates have a series of their own
_ORDER = 6  # the highest power of 1/a
_NEAR = 0.16  # distance of l from 1 below which coefficients are power series in it
_DEGREES = (14, 12, 11, 9, 7, 6, 5)  # of these, by power of 1/a
_PSI = [Fraction(0), Fraction(-1, 2), Fraction(-1, 12), Fraction(0), Fraction(1, 120), Fraction(0), Fraction(-1, 252)]
"""``psi(a) - log(a)`` in powers of 1/a."""


def standard_gamma_grad(alpha: Value, x: Value) -> Value:
    """How a Gamma variate moves with its shape; zero at zero."""
    y, gap = _raised(alpha, None, x)
    distant = (x > alpha + _DISTANT) & (alpha < _LARGE)
    a, far = distant.where(alpha, x.like(0.0)), distant.where(x, x.like(_DISTANT))  # its work grows with both
    y = branch(distant, lambda: (_above(a, far, gap),), lambda: (y,))[0]
    return x.equals(0.0).where(x, y)


def dirichlet_grad(x: Value, alpha: Value, total: Value) -> Value:
    """How a Beta(alpha, total - alpha) variate moves with alpha, divided by ``1 - x``; zero at zero."""
    return x.equals(0.0).where(x, _raised(alpha, total, x)[0])


def _raised(a: Value, n: Value | None, x: Value) -> tuple[Value, Value]:
    """``(y, psi(a) - log x)`` for Gamma; ``(y / n, psi(a) - psi(n) - log x)`` for Beta."""
    small = (a >= 0.0) & (a < _LARGE)
    steps = small.where(_LARGE - a, a.like(0.0)).call("ceil")
    top = a + steps
    if n is None:
        m, share, distance = None, x / top, (x - top) / top
    else:
        whole = n + steps
        m, share, distance = top / whole, x * whole / top, x.fma(whole, -top) / top
    near = distance.call("fabs") < _NEAR
    level, y = branch(near, lambda: _near(distance, m, top), lambda: _far(share, m, top))
    gap = _psi_gap(m, top) - level
    if n is not None:
        y = y / whole

    def lower(step: Value, y: Value, gap: Value) -> tuple[Value, tuple[Value, ...]]:
        k = step - 1.0
        inverse = 1.0 / (a + k)
        if n is not None:
            size = n + k
            gap, y = gap + 1.0 / size, y * size
        return k > 0.0, (k, x * inverse * (y + gap), gap - inverse)

    lowered = branch(small, lambda: repeat((steps, y, gap), lower), lambda: (steps, y, gap))
    return lowered[1], lowered[2]


def _above(a: Value, x: Value, gap: Value) -> Value:
    """The gradient of a Gamma variate far above its mean: its terms shrink until there are about ``a + x`` of them."""

    def body(k: Value, term: Value, slope: Value, total: Value, slopes: Value) -> tuple[Value, tuple[Value, ...]]:
        rest = a - k
        slope = (slope * rest + term) / x
        term = term * rest / x
        counts = slope.call("fabs") > 1e-20
        return counts & (k < a + x - 2.0), (k + 1.0, term, slope, total + term, slopes + slope)

    one, zero = a.like(1.0).spread(a.lanes), a.like(0.0)
    _, _, _, total, slopes = repeat((one, one, zero, one, zero), body)
    return slopes - gap * total


def _psi_gap(m: Value | None, a: Value) -> Value:
    """``psi(a) - psi(n) - log(m)``; for Gamma ``psi(a) - log(a)``."""
    z, total, power = 1.0 / a, a.like(0.0), m
    weight = z
    for number in _PSI[1:]:
        if number:
            share = weight if power is None else weight * (1.0 - power)
            total = share.fma(float(number), total)
        weight = weight * z
        power = None if m is None or power is None else power * m
    return total


Series = list[list[Fraction]]  # by power of l - 1, then by power of m


def _at(rows: Series, j: int, i: int) -> Fraction:
    return rows[j][i] if 0 <= j < len(rows) and i >= 0 else Fraction(0)


@cache
def _series() -> tuple[Series, ...]:
    """For each power of 1/a the power series of its coefficient; each next one takes one more term of those before."""
    length, width = max(_DEGREES) + _ORDER + 2, _ORDER + 2
    # (1 + e) log(1 + e) / e
    start = [Fraction(1), *(Fraction((-1) ** j * -1, j * (j + 1)) for j in range(1, length))]
    result = [[[number, *[Fraction(0)] * (width - 1)] for number in start]]
    for k in range(1, _ORDER + 1):
        result.append(_following(result[-1], k))
    return tuple(result)


def _following(rows: Series, k: int) -> Series:
    """The series of the coefficient of power k from the one before: the equation, divided by ``l - 1``."""
    powers = range(len(rows[0]))
    slope = [[(j + 1) * _at(rows, j + 1, i) + (j - 1) * _at(rows, j, i) for i in powers] for j in range(len(rows) - 1)]
    inner = [[_at(slope, j, i - 1) + _at(slope, j - 1, i - 1) - _at(slope, j, i) for i in powers]
             for j in range(len(slope))]  # fmt: skip
    for j in (0, 1):
        inner[j][0] += _PSI[k]
        inner[j][k] -= _PSI[k]
    assert not any(inner[0])  # the solution is smooth at l = 1
    return [[-number for number in row] for row in inner[1:]]


def _near(distance: Value, m: Value | None, a: Value) -> tuple[Value, Value]:
    """``log(l)`` and y where ``l = 1 + distance`` is about 1."""
    terms = []
    for k, rows in enumerate(_series()):
        by_power = [polynomial(distance, [float(row[i]) for row in rows[: _DEGREES[k]]])
                    for i in range(k + 1 if m is not None else 1)]  # fmt: skip
        terms.append(by_power[0] if m is None else _horner(m, by_power))
    return log1p(distance), _horner(1.0 / a, terms)


def _horner(x: Value, coefficients: Sequence[Value]) -> Value:
    total = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        total = total.fma(x, coefficient)
    return total


def _far(share: Value, m: Value | None, a: Value) -> tuple[Value, Value]:
    """``log(l)`` and y elsewhere, with derivatives by ``log(l)`` carried along as truncated Taylor series."""
    level, one = log(share), 1.0 - share
    inverse = 1.0 / one
    parts, factorial = [share], 1
    for j in range(1, _ORDER + 1):
        factorial *= j
        parts.append(share * (1.0 / factorial))
    reciprocal = [inverse]  # of 1 - l
    for j in range(1, _ORDER + 1):
        total = parts[1] * reciprocal[j - 1]
        for i in range(2, j + 1):
            total = parts[i].fma(reciprocal[j - i], total)
        reciprocal.append(total * inverse)
    weight = [share * inverse, *reciprocal[1:]]  # l / (1 - l) = 1 / (1 - l) - 1
    lean = reciprocal if m is None else [r - m * w for r, w in zip(reciprocal, weight, strict=True)]
    y = [-(weight[0] * level), *(-(weight[j].fma(level, weight[j - 1])) for j in range(1, _ORDER + 1))]
    terms, power = [y[0]], m
    for k in range(1, _ORDER + 1):
        slope = [y[j + 1] * (j + 1.0) - y[j] for j in range(len(y) - 1)]
        constant = None
        if _PSI[k]:
            constant = y[0].like(float(_PSI[k])) if power is None else (1.0 - power) * float(_PSI[k])
        y = [_product_term(weight, lean, slope, constant, j) for j in range(len(slope))]
        terms.append(y[0])
        power = None if m is None or power is None else power * m
    return level, _horner(1.0 / a, terms)


def _product_term(weight: Sequence[Value], lean: Sequence[Value], slope: Sequence[Value], constant: Value | None,
                  j: int) -> Value:  # fmt: skip
    """Term j of ``constant * weight - lean * slope``."""
    total = -(lean[0] * slope[j])
    for i in range(1, j + 1):
        total = total - lean[i] * slope[j - i]
    return total if constant is None else weight[j].fma(constant, total)
