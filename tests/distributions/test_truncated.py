"""The class that the bounds call for, tails far out, gradients to the base's parameters, and moments."""

import math
from typing import Any

import pytest
import scipy.stats as stats
import torch
from torch import Tensor

import pyro.distributions as dist
from tests.distributions.case import t

BASES = [
    dist.Normal(t(0.3)[0], t(1.5)[0]),
    dist.Cauchy(t(0.3)[0], t(1.5)[0]),
    dist.Laplace(t(0.3)[0], t(1.5)[0]),
    dist.Logistic(t(0.3)[0], t(1.5)[0]),
    dist.SoftLaplace(t(0.3)[0], t(1.5)[0]),
    dist.StudentT(t(2.5)[0], t(0.3)[0], t(1.5)[0]),
    dist.Gumbel(t(0.3)[0], t(1.5)[0]),
    dist.Gamma(t(2.5)[0], t(1.5)[0]),
    dist.Exponential(t(1.5)[0]),
    dist.HalfNormal(t(1.5)[0]),
    dist.LogNormal(t(0.3)[0], t(0.8)[0]),
    dist.Weibull(t(1.5)[0], t(2.0)[0]),
    dist.Gompertz(t(0.5)[0], t(1.0)[0]),
]
BOUNDS = [{"low": 0.4}, {"high": 1.7}, {"low": 0.4, "high": 1.7}]


def named(value: Any) -> str:
    return "-".join(value) if isinstance(value, dict) else type(value).__name__


@pytest.mark.parametrize(("bounds", "expected"), [
    ({}, ""), ({"low": 1.0}, "LeftTruncated"), ({"high": 1.0}, "RightTruncated"),
    ({"low": 1.0, "high": 2.0}, "TwoSidedTruncated"),
], ids=str)
@pytest.mark.parametrize(("factory", "family", "ending"), [
    (dist.TruncatedNormal, "Normal", "Distribution"), (dist.TruncatedCauchy, "Cauchy", "Distribution"),
    (dist.TruncatedGamma, "Gamma", "Gamma"),
], ids=["Normal", "Cauchy", "Gamma"])
def test_factories_give_the_class_for_the_bounds(
    factory: Any, family: str, ending: str, bounds: dict[str, float], expected: str
) -> None:
    d = factory(**bounds)
    assert type(d).__name__ == (expected + ending if bounds else family)
    assert type(getattr(d, "base_dist", d)).__name__ == family
    assert {name: float(getattr(d, name)) for name in bounds} == bounds


@pytest.mark.parametrize("bounds", BOUNDS, ids=named)
@pytest.mark.parametrize("base", BASES, ids=named)
def test_density_quantiles_and_cdf_belong_together(base: Any, bounds: dict[str, float]) -> None:
    d = dist.TruncatedDistribution(base, **bounds)
    probability = torch.linspace(0.01, 0.99, 41, dtype=torch.float64)
    value = d.icdf(probability).requires_grad_()
    cdf = d.cdf(value)
    torch.testing.assert_close(cdf, probability, rtol=1e-6, atol=1e-9)
    (density,) = torch.autograd.grad(cdf.sum(), value)
    torch.testing.assert_close(density, d.log_prob(value).exp(), rtol=1e-9, atol=1e-9)
    assert d.support.check(d.sample((100,))).all()


@pytest.mark.parametrize("bounds", BOUNDS, ids=named)
@pytest.mark.parametrize("base", BASES[:8] + BASES[10:], ids=named)
def test_draws_have_the_gradients_of_the_quantiles(base: Any, bounds: dict[str, float]) -> None:
    names = [name for name in base.arg_constraints if isinstance(getattr(base, name), Tensor)]
    noise = t(0.1, 0.6, 0.95)

    def quantile(*parameters: Tensor) -> Tensor:
        value: Tensor = dist.TruncatedDistribution(type(base)(*parameters), **bounds).icdf(noise)
        return value

    parameters = [getattr(base, name).clone().requires_grad_() for name in names]
    torch.autograd.gradcheck(quantile, parameters, eps=1e-6, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    "bounds", [{"low": 30.0}, {"high": -38.0}, {"low": 30.0, "high": 30.1}, {"low": 200.0}], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_normal_tails_far_out(bounds: dict[str, float], dtype: torch.dtype) -> None:
    loc, scale = (torch.tensor(x, dtype=dtype, requires_grad=True) for x in (0.0, 1.0))
    d = dist.TruncatedNormal(loc, scale, **bounds)
    noise = torch.tensor([0.1, 0.5, 0.9], dtype=dtype)
    value = d.icdf(noise)
    law = stats.truncnorm(bounds.get("low", -math.inf), bounds.get("high", math.inf))
    tolerance = 1e-9 if dtype is torch.float64 else 1e-3
    quantiles = torch.from_numpy(law.ppf(noise.double().numpy()))
    torch.testing.assert_close(value.double(), quantiles, rtol=tolerance / 100, atol=0.0)
    expected = torch.from_numpy(law.logpdf(value.detach().double().numpy()))
    torch.testing.assert_close(d.log_prob(value).double(), expected, rtol=tolerance * 10, atol=tolerance * 10)
    grads = torch.autograd.grad(d.log_prob(value).sum(), [loc, scale])
    assert all(grad.isfinite() for grad in grads)


@pytest.mark.parametrize("low", [0.0, 3.0, 30.0, 100.0])
def test_moments_of_the_normal_tail(low: float) -> None:
    d = dist.TruncatedNormal(t(0.0)[0], t(1.0)[0], low=low)
    integral = stats.truncnorm(low, math.inf)
    mean = integral.expect(lambda x: x - low, epsabs=0, epsrel=1e-11)
    square = integral.expect(lambda x: (x - low) ** 2, epsabs=0, epsrel=1e-11)
    assert d.mean.item() - low == pytest.approx(mean, rel=1e-9)
    assert d.variance.item() == pytest.approx(square - mean**2, rel=1e-6)


def test_moments_that_do_not_exist_are_infinite() -> None:
    assert dist.TruncatedCauchy(low=0.0).mean == math.inf
    assert dist.TruncatedCauchy(high=0.0).mean == -math.inf
    heavy = dist.TruncatedDistribution(dist.StudentT(t(1.5)[0]), low=0.0)
    assert heavy.mean.isfinite() and heavy.variance == math.inf
    assert dist.TruncatedCauchy(t(0.0)[0], low=-1.0, high=1.0).mean.abs() < 1e-12


def test_values_outside_have_no_density() -> None:
    d = dist.TruncatedNormal(0.0, 1.0, low=-1.0, high=1.0, validate_args=False)
    assert d.log_prob(torch.tensor([-2.0, 2.0])).tolist() == [-math.inf, -math.inf]
    assert d.cdf(torch.tensor([-2.0, 2.0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(("build", "error", "message"), [
    (lambda: dist.LeftTruncatedDistribution(dist.Poisson(1.0)), TypeError, "expected a continuous Distribution"),
    (lambda: dist.LeftTruncatedGamma(dist.Normal(0.0, 1.0)), TypeError, "expected a continuous Gamma .* got a Normal"),
    (lambda: dist.TruncatedDistribution(dist.Dirichlet(torch.ones(2)), low=0.1), ValueError, "univariate base_dist"),
])
def test_a_base_that_does_not_serve_is_refused(build: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        build()
