"""The low-rank guide's covariance, marginals and default rank."""

import pytest
import torch

import pyro.distributions as dist
from pyro.infer.autoguide import AutoLowRankMultivariateNormal
from tests.infer.autoguide.cases import eight_schools


@pytest.mark.parametrize(("rank", "columns"), [(None, 3), (1, 1), (20, 20)])
def test_rank_is_by_default_the_square_root(rank: int | None, columns: int) -> None:
    guide = AutoLowRankMultivariateNormal(eight_schools, rank=rank)
    guide()
    assert guide.cov_factor.shape == (10, columns)


def test_marginals_are_those_of_the_covariance() -> None:
    guide = AutoLowRankMultivariateNormal(eight_schools, init_scale=0.5)
    guide()
    posterior = guide.get_posterior()
    scale, factor = guide.scale, guide.cov_factor
    expected = torch.outer(scale, scale) * (factor @ factor.T + torch.eye(10))
    torch.testing.assert_close(posterior.covariance_matrix, expected)
    marginal = dist.Normal(posterior.mean[0], posterior.variance[0].sqrt())
    torch.testing.assert_close(guide.quantiles([0.9])["mu"], marginal.icdf(torch.tensor([0.9])))


def test_variances_start_near_the_square_of_init_scale() -> None:
    guide = AutoLowRankMultivariateNormal(eight_schools, init_scale=0.5, rank=400)
    guide()
    # a row of the factor is the mean of 400 squares of standard normals: within 4 standard errors of one
    torch.testing.assert_close(guide.get_posterior().variance, torch.full((10,), 0.25), rtol=0,
                               atol=0.125 * 4 * (2 / 400) ** 0.5)


@pytest.mark.parametrize("rank", [0, -1, 1.5])
def test_rank_is_positive(rank: int) -> None:
    with pytest.raises(ValueError, match="Expected rank > 0"):
        AutoLowRankMultivariateNormal(eight_schools, rank=rank)
