"""Families by rejection have the densities and draws of the families that they are."""

import pytest
import scipy.stats as stats
import torch

import pyro.distributions as dist
from pyro.distributions.testing.rejection_gamma import (
    RejectionGamma,
    RejectionStandardGamma,
    ShapeAugmentedBeta,
    ShapeAugmentedDirichlet,
    ShapeAugmentedGamma,
)

A, B = torch.tensor([1.5, 4.0]), torch.tensor([2.0, 0.5])
CASES = [
    (RejectionStandardGamma(A), dist.Gamma(A, torch.ones(2))),
    (RejectionGamma(A, B), dist.Gamma(A, B)),
    (ShapeAugmentedGamma(A, B), dist.Gamma(A, B)),
    (ShapeAugmentedGamma(A, B, boost=3), dist.Gamma(A, B)),
    (ShapeAugmentedBeta(A, B), dist.Beta(A, B)),
    (ShapeAugmentedDirichlet(torch.stack([A, B], -1)), dist.Dirichlet(torch.stack([A, B], -1))),
]


@pytest.mark.parametrize(("d", "same"), CASES, ids=lambda x: type(x).__name__)
def test_is_the_same_distribution(d, same):
    torch.manual_seed(0)
    x = d.rsample((3000,))
    torch.testing.assert_close(d.log_prob(x), same.log_prob(x), rtol=1e-4, atol=1e-4)
    reference = same.sample((3000,))
    for i in (0, 1):
        draws, others = (value[:, i].reshape(3000, -1)[:, 0].numpy() for value in (x, reference))
        assert stats.ks_2samp(draws, others).pvalue > 1e-4
    assert d.expand([3, 2]).rsample().shape == (3, *d.shape())


@pytest.mark.parametrize(("d", "same"), CASES[:4], ids=lambda x: type(x).__name__)
def test_score_parts_hold_what_acceptance_depends_on(d, same):
    torch.manual_seed(0)
    x = d.rsample((2000,))
    parts = d.score_parts(x)
    torch.testing.assert_close(parts.log_prob, same.log_prob(x), rtol=1e-4, atol=1e-4)
    # log acceptance less its mean: near zero, since nearly all proposals are accepted
    assert parts.score_function.shape == x.shape
    assert parts.score_function.abs().mean() < 0.1


def test_the_score_function_of_an_unknown_value_is_refused():
    d = ShapeAugmentedGamma(A, B)
    with pytest.raises(ValueError, match="rsample"):
        d.score_parts(torch.ones(2))
