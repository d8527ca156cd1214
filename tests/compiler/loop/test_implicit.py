"""Gradients of variates against the derivatives of their distribution functions, to many digits; and against ATen."""

import mpmath
import pytest
import scipy.stats
import torch
from torch import Tensor

from pyro.compiler.loop.arrays import run_array

QUANTILES = [1e-9, 1e-3, 0.1, 0.5, 0.9]  # from below and from above
SHAPES = [1e-3, 0.1, 0.7, 1.0, 3.0, 10.0, 19.9, 20.0, 30.0, 100.0, 1e4]
PAIRS = [(15.0, 14.0), (0.01, 0.01), (0.1, 5.0), (5.0, 0.1), (1.0, 1.0), (1000.0, 0.5), (0.5, 1000.0), (100.0, 100.0),
         (30.0, 5.0), (5.0, 30.0), (19.0, 21.0), (1e5, 2.0)]  # fmt: skip


def both_sides(distribution) -> list[tuple[float, float]]:
    """Variates with the probability of a larger one; those that float64 can hold apart from the ends."""
    points = [(float(distribution.ppf(q)), 1 - q) for q in QUANTILES] + [
        (float(distribution.isf(q)), q) for q in QUANTILES
    ]
    return [(x, q) for x, q in points if x > 1e-280 and x != 1.0]


def slope(function, at: mpmath.mpf) -> mpmath.mpf:
    step = at * mpmath.mpf(10) ** -10
    return (function(at + step) - function(at - step)) / (2 * step)


def of_gamma(alpha: float, x: float) -> float:
    with mpmath.workdps(30):
        a, x = mpmath.mpf(alpha), mpmath.mpf(x)
        if x < a:
            rise = slope(lambda s: mpmath.gammainc(s, 0, x, regularized=True), a)
        else:
            rise = -slope(lambda s: mpmath.gammainc(s, x, mpmath.inf, regularized=True), a)
        return float(-rise / mpmath.exp((a - 1) * mpmath.log(x) - x - mpmath.loggamma(a)))


def of_beta(x: float, alpha: float, total: float) -> float:
    with mpmath.workdps(30):
        a, n, x = mpmath.mpf(alpha), mpmath.mpf(total), mpmath.mpf(x)
        b = n - a
        if x < a / n:
            rise = slope(lambda s: mpmath.betainc(s, b, 0, x, regularized=True), a)
        else:
            rise = -slope(lambda s: mpmath.betainc(s, b, x, 1, regularized=True), a)
        density = mpmath.exp((a - 1) * mpmath.log(x) + (b - 1) * mpmath.log1p(-x)) / mpmath.beta(a, b)
        return float(-rise / density / (1 - x))


def gradient(name: str, *operands: list[float]) -> Tensor:
    size = (len(operands[0]),)
    return run_array(name, [torch.tensor(values, dtype=torch.float64) for values in operands], size, size)


@pytest.mark.parametrize("alpha", SHAPES)
def test_gamma(alpha):
    points = both_sides(scipy.stats.gamma(alpha))
    got = gradient("standard_gamma_grad", [alpha] * len(points), [x for x, _ in points]).tolist()
    for value, (x, q) in zip(got, points, strict=True):
        assert value == pytest.approx(of_gamma(alpha, x), rel=1e-10 + 1e-12 / q), (x, q)


@pytest.mark.parametrize(("alpha", "beta"), PAIRS)
def test_beta(alpha, beta):
    points = both_sides(scipy.stats.beta(alpha, beta))
    xs, total = [x for x, _ in points], alpha + beta
    got = gradient("dirichlet_grad", xs, [alpha] * len(points), [total] * len(points)).tolist()
    for value, (x, q) in zip(got, points, strict=True):
        assert value == pytest.approx(of_beta(x, alpha, total), rel=1e-10 + 1e-12 / q), (x, q)


@pytest.mark.parametrize("alpha", [0.05, 0.5, 2.0, 15.0, 100.0])
def test_like_aten(alpha):
    """Whose approximations are good to about 1e-3."""
    torch.manual_seed(0)
    x = torch.distributions.Gamma(torch.tensor(alpha, dtype=torch.float64), 1.0).sample((1000,)).clamp_min(1e-200)
    expected = torch._standard_gamma_grad(torch.full_like(x, alpha), x)
    torch.testing.assert_close(gradient("standard_gamma_grad", [alpha] * 1000, x.tolist()), expected, rtol=3e-3, atol=0)
    y = torch.distributions.Beta(torch.tensor(alpha, dtype=torch.float64), 2.0).sample((1000,)).clamp(1e-200, 1 - 1e-9)
    expected = torch._dirichlet_grad(y, torch.full_like(y, alpha), torch.full_like(y, alpha + 2))
    got = gradient("dirichlet_grad", y.tolist(), [alpha] * 1000, [alpha + 2] * 1000)
    torch.testing.assert_close(got, expected, rtol=3e-3, atol=0)


def test_continuous_where_methods_meet():
    """Shapes that are just raised, ratios where power series begin, and variates far above the mean."""
    cases = [(20.0, 21.0), (19.0, 18.0), (25.0, 25 * 1.16), (25.0, 25 * 0.84), (2.0, 20.0), (19.0, 37.0)]
    for alpha, x in cases:
        near = gradient("standard_gamma_grad", [alpha * (1 + s * 1e-12) for s in (-1, 1)] * 2,
                        [x * (1 + s * 1e-12) for s in (-1, -1, 1, 1)])  # fmt: skip
        torch.testing.assert_close(near, near[:1].expand(4), rtol=1e-9 + 1e-12 / scipy.stats.gamma(alpha).sf(x), atol=0)


def test_ends():
    assert gradient("standard_gamma_grad", [0.5, 3.0], [0.0, 0.0]).tolist() == [0.0, 0.0]
    assert gradient("dirichlet_grad", [0.0, 1.0], [3.0, 3.0], [5.0, 5.0]).isfinite().all()
    assert gradient("standard_gamma_grad", [1.0, float("nan")], [float("nan"), 1.0]).isnan().all()
