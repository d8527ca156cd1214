"""Tails against scipy's, for continuous families and counts, and quantiles that invert them."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats as stats
import torch

import pyro.distributions as dist
from pyro.distributions.tails import tails
from tests.distributions.case import t

CONTINUOUS = [
    (dist.Normal(t(1.0)[0], 2.0), stats.norm(1, 2)),
    (dist.Cauchy(t(1.0)[0], 2.0), stats.cauchy(1, 2)),
    (dist.Laplace(t(1.0)[0], 2.0), stats.laplace(1, 2)),
    (dist.Logistic(t(1.0)[0], 2.0), stats.logistic(1, 2)),
    (dist.SoftLaplace(t(1.0)[0], 2.0), stats.hypsecant(1, 2)),
    (dist.StudentT(t(3.0)[0], 1.0, 2.0), stats.t(3, 1, 2)),
    (dist.Gumbel(t(1.0)[0], 2.0), stats.gumbel_r(1, 2)),
    (dist.Gamma(t(2.5)[0], 2.0), stats.gamma(2.5, scale=0.5)),
    (dist.Chi2(t(5.0)[0]), stats.chi2(5)),
    (dist.Exponential(t(2.0)[0]), stats.expon(scale=0.5)),
    (dist.HalfNormal(t(2.0)[0]), stats.halfnorm(scale=2)),
    (dist.LogNormal(t(0.5)[0], 2.0), stats.lognorm(2, scale=np.exp(0.5))),
    (dist.Weibull(t(2.0)[0], 1.5), stats.weibull_min(1.5, scale=2)),
    (dist.Gompertz(t(0.5)[0], 2.0), stats.gompertz(0.5, scale=0.5)),
    (dist.Uniform(t(0.0)[0], 3.0), stats.uniform(0, 3)),
    (dist.Levy(t(0.0)[0], 2.0), stats.levy(0, 2)),
    (dist.ExpandedDistribution(dist.Normal(t(1.0)[0], 2.0), torch.Size([3])), stats.norm(1, 2)),
]
COUNTS = [
    (dist.Poisson(t(30.0)[0]), stats.poisson(30)),
    (dist.Geometric(t(0.3)[0]), stats.geom(0.3, loc=-1)),
    (dist.Binomial(t(40.0)[0], t(0.3)[0]), stats.binom(40, 0.3)),
    (dist.NegativeBinomial(t(2.5)[0], t(0.3)[0]), stats.nbinom(2.5, 0.7)),
    (dist.GammaPoisson(t(2.5)[0], t(0.3)[0]), stats.nbinom(2.5, 0.3 / 1.3)),
]


def family(value: Any) -> str:
    return type(value).__name__ if isinstance(value, torch.distributions.Distribution) else ""


@pytest.mark.parametrize(("d", "law"), CONTINUOUS, ids=family)
def test_both_tails_equal_scipys(d: Any, law: Any) -> None:
    value = law.ppf([0.001, 0.3, 0.5, 0.8, 0.999])[:, None]
    np.testing.assert_allclose(tails(d).log_cdf(torch.from_numpy(value)), law.logcdf(value), rtol=1e-9)
    np.testing.assert_allclose(tails(d).log_survival(torch.from_numpy(value)), law.logsf(value), rtol=1e-9)


@pytest.mark.parametrize(("d", "law"), CONTINUOUS[:-1], ids=family)
def test_quantiles_invert_the_tails(d: Any, law: Any) -> None:
    log_p = t(-20.0, -3.0, -0.7)
    torch.testing.assert_close(tails(d).log_cdf(tails(d).lower(log_p)), log_p, rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(tails(d).log_survival(tails(d).upper(log_p)), log_p, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("d", "log_survival"), [
    (dist.Normal(0.0, 1.0), -5000.0 - math.log(100 * math.sqrt(2 * math.pi)) + math.log1p(-1e-4)),
    (dist.Logistic(0.0, 1.0), -100.0), (dist.Laplace(0.0, 1.0), -100.0 - math.log(2)),
    (dist.SoftLaplace(0.0, 1.0), -100.0 + math.log(2 / math.pi)), (dist.Exponential(1.0), -100.0),
    (dist.Weibull(1.0, 3.0), -1e6), (dist.Poisson(1e-3), 101 * math.log(1e-3) - math.lgamma(102)),
], ids=family)
def test_the_upper_tail_does_not_underflow(d: Any, log_survival: float) -> None:
    assert tails(d).log_survival(torch.tensor(100.0)).item() == pytest.approx(log_survival, rel=2e-3)


@pytest.mark.parametrize(("d", "law"), COUNTS, ids=family)
def test_tails_of_counts_equal_scipys(d: Any, law: Any) -> None:
    value = np.array([-1.0, 0.0, 1.0, 12.0, 39.0])
    np.testing.assert_allclose(tails(d).log_cdf(torch.from_numpy(value)), law.logcdf(value), rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(tails(d).log_survival(torch.from_numpy(value)), law.logsf(value), rtol=1e-9, atol=1e-14)
    with pytest.raises(NotImplementedError, match="no quantiles"):
        tails(d).lower(t(-1.0))
    with pytest.raises(NotImplementedError, match="no quantiles"):
        tails(d).upper(t(-1.0))


def test_beta_tails_equal_scipys() -> None:
    value = np.array([1e-6, 0.3, 0.999])
    law = tails(dist.Beta(t(0.5)[0], t(3.0)[0]))
    np.testing.assert_allclose(law.log_cdf(torch.from_numpy(value)), stats.beta(0.5, 3).logcdf(value), rtol=1e-9)
    np.testing.assert_allclose(law.log_survival(torch.from_numpy(value)), stats.beta(0.5, 3).logsf(value), rtol=1e-9)


def test_values_below_a_support_are_certain_to_be_exceeded() -> None:
    for d in (dist.Exponential(1.0), dist.HalfNormal(1.0), dist.Gamma(2.0, 1.0), dist.Poisson(1.0)):
        assert tails(d).log_cdf(torch.tensor(-1.0)) == -math.inf
        assert tails(d).log_survival(torch.tensor(-1.0)) == 0


def test_a_decreasing_map_falls_back_to_the_cdf() -> None:
    mirrored = dist.TransformedDistribution(dist.Normal(t(0.0)[0], 1.0), dist.transforms.AffineTransform(0.0, -1.0))
    np.testing.assert_allclose(tails(mirrored).log_cdf(t(0.5)), stats.norm.logcdf(0.5), rtol=1e-12)
