"""Half distributions outside of their support, unchecked; the rest has rows in ``table.py``."""

import math
from typing import Any

import pytest
import torch

import pyro.distributions as dist


@pytest.mark.parametrize("family", [dist.HalfNormal, dist.HalfCauchy])
def test_below_zero_the_density_and_its_gradients_are_zero(family: Any) -> None:
    scale = torch.tensor(2.0, requires_grad=True)
    value = torch.tensor([-1.0, 0.0, 1.0], requires_grad=True)
    log_prob = family(scale, validate_args=False).log_prob(value)
    assert log_prob.isinf().tolist() == [True, False, False]
    gradients = torch.autograd.grad(log_prob[1:].sum(), (scale, value))
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert gradients[1][0] == 0


@pytest.mark.parametrize("family", [dist.HalfNormal, dist.HalfCauchy])
def test_nan_is_passed_on_and_numbers_are_scored(family: Any) -> None:
    d = family(torch.ones(2), validate_args=False)
    assert d.log_prob(torch.tensor(math.nan)).isnan().all()
    assert torch.equal(d.log_prob(1.5), d.log_prob(torch.tensor([1.5, 1.5])))
