"""A mixture of any components: which ones go together, and what happens outside the support of some."""

from typing import Any

import pytest
import torch

import pyro.distributions as dist
from pyro.distributions import constraints
from tests.distributions.case import t

WEIGHTS = dist.Categorical(t(0.2, 0.8))
NORMAL = dist.Normal(t(0.0)[0], 1.0)


@pytest.mark.parametrize("mixing, components, message", [
    (NORMAL, [NORMAL, NORMAL], "to be a Categorical"),
    (WEIGHTS, [NORMAL], "weights, 2, got 1"),
    (WEIGHTS, [NORMAL, dist.Normal(torch.zeros(2), 1.0).to_event(1)], "one event_shape"),
    (WEIGHTS, [NORMAL, dist.Gamma(1.0, 1.0)], "the same support"),
])
def test_components_that_do_not_go_together_are_refused(mixing: Any, components: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        dist.MixtureGeneral(mixing, components)


def test_supports_are_the_same_however_dimensions_were_grouped() -> None:
    matrices = [dist.Normal(torch.zeros(2, 3).double(), 1.0).to_event(2),
                dist.MultivariateNormal(torch.zeros(2, 3).double(), torch.eye(3).double()).to_event(1)]
    assert dist.MixtureGeneral(WEIGHTS, matrices).event_shape == (2, 3)


def test_a_component_has_no_mass_outside_its_support() -> None:
    rate = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    mixture = dist.MixtureGeneral(WEIGHTS, [NORMAL, dist.Exponential(rate)], support=constraints.real)
    log_prob = mixture.log_prob(t(-1.0)[0])
    torch.testing.assert_close(log_prob, NORMAL.log_prob(t(-1.0)[0]) + t(0.2)[0].log())
    (gradient,) = torch.autograd.grad(log_prob, rate)
    assert gradient == 0
    torch.testing.assert_close(mixture.cdf(t(-1.0)[0]), 0.2 * NORMAL.cdf(t(-1.0)[0]))
    upper = dist.MixtureGeneral(WEIGHTS, [NORMAL, dist.Uniform(t(0.0)[0], 1.0)], support=constraints.real)
    torch.testing.assert_close(upper.cdf(t(2.0)[0]), 0.2 * NORMAL.cdf(t(2.0)[0]) + 0.8)


def test_batches_broadcast() -> None:
    mixture = dist.MixtureGeneral(WEIGHTS, [NORMAL, dist.Normal(torch.zeros(3).double(), 1.0)])
    assert mixture.batch_shape == (3,)
    assert mixture.sample().shape == (3,)
