"""Guides with one covariance for each element of a batch."""

from typing import Any

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer.autoguide import AutoBatchedLowRankMultivariateNormal, AutoBatchedMultivariateNormal
from tests.infer.autoguide.cases import BATCHED, eight_schools, schools_alone

both = pytest.mark.parametrize("make", [AutoBatchedMultivariateNormal, AutoBatchedLowRankMultivariateNormal])


@both
def test_covariances_are_one_an_element(make: Any) -> None:
    guide = make(schools_alone)
    guide()
    assert guide.loc.shape == (8, 2)
    assert guide.latent_dim == 16
    assert guide.get_posterior().event_shape == (8, 2)
    assert guide.get_posterior().base_dist.covariance_matrix.shape == (8, 2, 2)


@both
def test_quantiles_are_those_of_the_marginals(make: Any) -> None:
    guide = make(schools_alone)
    guide()
    with torch.no_grad():
        for parameter in guide.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    variance = guide.get_posterior().base_dist.variance[:, 1]
    marginal = dist.Normal(guide.loc[:, 1], variance.sqrt())
    found = guide.quantiles([0.2, 0.9])["theta"]
    torch.testing.assert_close(found, marginal.icdf(torch.tensor([[0.2], [0.9]])))
    torch.testing.assert_close(guide.median()["theta"], guide.loc[:, 1])


@pytest.mark.parametrize("make", BATCHED.values(), ids=BATCHED.keys())
def test_values_of_matrices_keep_their_places(make: Any) -> None:
    def model() -> None:
        with pyro.plate("rows", 2):
            pyro.sample("a", dist.Normal(0.0, 1.0).expand([2, 3]).to_event(1))
            pyro.sample("b", dist.Normal(0.0, 1.0))

    with pyro.plate("particles", 5, dim=-2):
        guide = make(model)
        guide()
        values = guide()
    assert values["a"].shape == (5, 2, 3)
    assert values["b"].shape == (5, 2)
    parts = {site["name"]: value for site, value in guide._unpack_latent(torch.arange(8.0).reshape(2, 4))}
    assert parts["a"].tolist() == [[0.0, 1.0, 2.0], [4.0, 5.0, 6.0]]
    assert parts["b"].tolist() == [3.0, 7.0]


@both
def test_sites_must_have_a_batch_in_common(make: Any) -> None:
    with pytest.raises(ValueError, match="leftmost dims in common"):
        make(eight_schools)()
    with pytest.raises(ValueError, match="batch_ndim >= 1"):
        make(schools_alone, batch_ndim=0)


@pytest.mark.parametrize("rank", [0, -2])
def test_rank_is_positive(rank: int) -> None:
    with pytest.raises(ValueError, match="Expected rank > 0"):
        AutoBatchedLowRankMultivariateNormal(schools_alone, rank=rank)
