"""What the row of MaskedMixture in ``table.py`` leaves open: its constraint, its errors and masked gradients."""

import pytest
import torch

import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.distributions.mixture import MaskedConstraint

MASK = torch.tensor([False, True])


def test_constraint_is_chosen_for_each_element():
    constraint = MaskedConstraint(MASK, constraints.real, constraints.positive)
    assert constraint.check(torch.tensor([-1.0, -1.0])).tolist() == [True, False]
    assert (constraint.event_dim, constraint.is_discrete) == (0, False)


def test_support_is_the_common_one():
    d = dist.MaskedMixture(MASK, dist.Normal(0.0, 1.0), dist.Normal(1.0, 1.0))
    assert d.support is constraints.real
    assert isinstance(dist.MaskedMixture(MASK, dist.Normal(0.0, 1.0), dist.Gamma(1.0, 1.0)).support, MaskedConstraint)


def test_a_component_sends_no_gradient_where_it_is_not_chosen():
    rate = torch.ones(2, requires_grad=True)
    d = dist.MaskedMixture(MASK, dist.Normal(0.0, 1.0), dist.Gamma(torch.tensor([2.0, 2.0]), rate))
    grad, = torch.autograd.grad(d.log_prob(torch.tensor([-1.0, 3.0])).sum(), rate)
    assert grad.tolist() == [0.0, -1.0]


@pytest.mark.parametrize(("mask", "component", "message"), [
    (torch.ones(2), dist.Normal(0.0, 1.0), "boolean"),
    (MASK, dist.Normal(torch.zeros(3), 1.0).to_event(1), "event_shape"),
])
def test_errors_say_what_to_do(mask, component, message):
    with pytest.raises(ValueError, match=message):
        dist.MaskedMixture(mask, dist.Normal(0.0, 1.0), component)


def test_has_rsample_is_that_of_both():
    assert dist.MaskedMixture(MASK, dist.Normal(0.0, 1.0), dist.Gamma(1.0, 1.0)).has_rsample
    d = dist.MaskedMixture(MASK, dist.Poisson(1.0), dist.Poisson(2.0))
    assert not d.has_rsample
    assert d.sample((5,)).shape == (5, 2)
