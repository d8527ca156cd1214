"""Uniform's support, whose ends stay as they were given; the rest has a row in ``table.py``."""

import pytest
import torch

import pyro.distributions as dist


def test_support_of_scalar_ends_stays_scalar() -> None:
    d = dist.Uniform(torch.tensor([0.0, 1.0]), 2.0)
    for support in (d.support, d.expand([3, 2]).support):
        assert torch.equal(support.lower_bound, torch.tensor([0.0, 1.0]))
        assert support.upper_bound == 2.0


def test_ends_have_the_density_of_a_half_open_interval() -> None:
    assert dist.Uniform(0.0, 2.0).log_prob(torch.tensor([0.0, 2.0])).exp().tolist() == [0.5, 0.0]


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0)])
def test_an_empty_interval_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="parameter low .* of distribution Uniform"):
        dist.Uniform(low, high)
