"""Accessors of mixtures add up to the mixture, whether components are given as one distribution or one by one."""

from typing import Any

import pytest
import torch

import pyro.distributions as dist
from tests.distributions.case import t

WEIGHTS = dist.Categorical(t(0.2, 0.8))
SAME = dist.Mixture(WEIGHTS, dist.Normal(t(-1.0, 2.0), t(1.0, 0.5)))
GENERAL = dist.Mixture(WEIGHTS, [dist.Normal(t(-1.0)[0], 1.0), dist.Normal(t(2.0)[0], 0.5)])
VECTORS = [
    dist.Mixture(dist.Categorical(t([0.2, 0.8]).expand(3, 2)),
                 dist.Normal(torch.zeros(3, 2, 4).double(), 1.0).to_event(1)),
    dist.Mixture(WEIGHTS, [dist.Normal(torch.zeros(3, 4).double(), scale).to_event(1) for scale in (1.0, 2.0)]),
]


@pytest.mark.parametrize("mixture", [SAME, GENERAL, *VECTORS], ids=lambda d: f"{type(d).__name__}{d.event_dim}")
def test_accessors_have_the_components_in_one_dimension(mixture: Any) -> None:
    shape = mixture.batch_shape + (2,) + mixture.event_shape
    assert mixture.mixture_size == 2
    assert mixture.mixture_dim == -1 - mixture.event_dim
    assert mixture.component_mean.shape == mixture.component_variance.shape == shape
    assert mixture.component_sample((5,)).shape == (5,) + shape
    value = mixture.sample((5,))
    log_probs = mixture.component_log_probs(value)
    assert log_probs.shape == (5,) + mixture.batch_shape + (2,)
    torch.testing.assert_close(log_probs.logsumexp(-1), mixture.log_prob(value))
    assert torch.equal(mixture.mixing_distribution.probs, WEIGHTS.probs.expand(mixture.batch_shape + (2,)))


def test_both_kinds_agree() -> None:
    assert isinstance(SAME, dist.MixtureSameFamily) and isinstance(GENERAL, dist.MixtureGeneral)
    value = t(-1.0, 0.0, 3.0)
    for name in ("log_prob", "cdf", "component_log_density", "component_log_probs", "component_cdf"):
        torch.testing.assert_close(getattr(SAME, name)(value), getattr(GENERAL, name)(value))
    for name in ("mean", "variance", "component_mean", "component_variance"):
        torch.testing.assert_close(getattr(SAME, name), getattr(GENERAL, name))
