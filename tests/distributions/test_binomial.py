"""Binomial's approximations, which settings switch on; the exact distribution has a row in ``table.py``."""

import pytest
import scipy.stats as stats
import torch

import pyro.distributions as dist
from pyro import settings

N, P = torch.tensor([10.0, 50.0, 1e6, 1e6, 1e3]).double(), torch.tensor([0.5, 0.9, 1e-6, 0.3, 0.999]).double()


def test_approximate_draws_have_the_moments_and_stay_in_range() -> None:
    torch.manual_seed(0)
    d = dist.Binomial(N, P)
    with settings.context(binomial_approx_sample_thresh=5.0):
        value = d.sample((20_000,))
    assert d.support.check(value).all()
    # The variance of the approximation is off by at most 1/2, that of the smallest count by truncation too.
    assert (abs(value.mean(0) - d.mean) <= 5 * ((d.variance + 0.5) / 20_000).sqrt() + 0.02).all()
    assert (abs(value.var(0) - d.variance) <= 0.5 + 0.1 * d.variance).all()


def test_small_counts_are_drawn_exactly() -> None:
    torch.manual_seed(0)
    with settings.context(binomial_approx_sample_thresh=10.0):
        value = dist.Binomial(torch.tensor([3.0, 1e4]), 0.5).sample((20_000,))[:, 0]
    observed = torch.bincount(value.long(), minlength=4)
    assert stats.chisquare(observed.numpy(), stats.binom(3, 0.5).pmf(range(4)) * 20_000).pvalue > 1e-4


@pytest.mark.parametrize("threshold", [1.0, 100.0])
def test_certain_outcomes_stay_certain(threshold: float) -> None:
    with settings.context(binomial_approx_sample_thresh=threshold):
        value = dist.Binomial(torch.tensor([20.0, 20.0]), torch.tensor([0.0, 1.0])).sample((3,))
    assert torch.equal(value, torch.tensor([0.0, 20.0]).expand(3, 2))


@pytest.mark.parametrize("tol", [1e-6, 0.05, 0.1, 0.5])
def test_log_prob_keeps_its_tolerance(tol: float) -> None:
    d = dist.Binomial(N[:2, None], P[:2, None])
    value = torch.arange(11.0).double()
    exact = d.log_prob(value)
    with settings.context(binomial_approx_log_prob_tol=tol):
        approximate = d.log_prob(value)
    assert (abs(approximate - exact) <= tol + 1e-9).all()
    assert (abs(approximate - exact) > 1e-6).any() == (tol >= 0.05), "saves no gamma functions"


def test_approximate_log_prob_refuses_values_outside() -> None:
    with settings.context(binomial_approx_log_prob_tol=0.1), pytest.raises(ValueError, match="support"):
        dist.Binomial(3, torch.tensor(0.5)).log_prob(torch.tensor(4.0))
