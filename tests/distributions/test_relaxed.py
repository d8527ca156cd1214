"""The log-space families behind the relaxed ones; those have rows in ``table.py``."""

from typing import Any

import pytest
import torch
from torch.distributions.transforms import ExpTransform, SigmoidTransform

import pyro.distributions as dist
from pyro.distributions.relaxed import ExpRelaxedCategorical, LogitRelaxedBernoulli

TEMPERATURE = torch.tensor(0.7, dtype=torch.float64)
CASES: list[tuple[Any, Any, Any, torch.Tensor]] = [
    (LogitRelaxedBernoulli, dist.RelaxedBernoulli, SigmoidTransform(), torch.tensor([0.2, 0.6], dtype=torch.float64)),
    (ExpRelaxedCategorical, dist.RelaxedOneHotCategorical, ExpTransform(),
     torch.tensor([[0.2, 0.3, 0.5], [0.7, 0.1, 0.2]], dtype=torch.float64)),
]


@pytest.mark.parametrize("inner, outer, transform, probs", CASES)
def test_relaxed_draws_are_transformed_ones(inner: Any, outer: Any, transform: Any, probs: torch.Tensor) -> None:
    torch.manual_seed(0)
    x = inner(TEMPERATURE, probs=probs)()
    torch.manual_seed(0)
    assert torch.equal(transform(x), outer(TEMPERATURE, probs=probs)())


@pytest.mark.parametrize("inner, outer, transform, probs", CASES)
def test_densities_differ_by_the_jacobian(inner: Any, outer: Any, transform: Any, probs: torch.Tensor) -> None:
    d = inner(TEMPERATURE, probs=probs)
    x = d.rsample()
    y = transform(x)
    jacobian = transform.log_abs_det_jacobian(x, y)
    jacobian = jacobian.sum(-1) if d.event_dim else jacobian
    torch.testing.assert_close(d.log_prob(x) - jacobian, outer(TEMPERATURE, probs=probs).log_prob(y))


@pytest.mark.parametrize("inner, outer, transform, probs", CASES)
def test_draws_are_reparameterized(inner: Any, outer: Any, transform: Any, probs: torch.Tensor) -> None:
    assert inner(TEMPERATURE, probs=probs.clone().requires_grad_())().requires_grad
    expanded = inner(TEMPERATURE, probs=probs).expand([3, 2])
    assert type(expanded) is inner and expanded().shape == (3, *probs.shape)
