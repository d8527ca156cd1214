"""Generalised Pareto where its tail index passes through zero; the rest has a row in ``table.py``."""

import pytest
import torch

import pyro.distributions as dist


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_zero_tail_index_is_exponential(dtype: torch.dtype) -> None:
    value = torch.tensor([0.0, 0.5, 3.0], dtype=dtype)
    zero = torch.zeros((), dtype=dtype)
    d, exponential = dist.GeneralizedPareto(zero, zero + 2, zero), dist.Exponential(zero + 0.5)
    torch.testing.assert_close(d.log_prob(value), exponential.log_prob(value))
    torch.testing.assert_close(d.cdf(value), exponential.cdf(value))


def test_gradient_in_the_tail_index_is_continuous_at_zero() -> None:
    tails = torch.tensor([-1e-6, 0.0, 1e-6], dtype=torch.float64, requires_grad=True)
    dist.GeneralizedPareto(0.0, 1.0, tails).log_prob(torch.tensor(2.0, dtype=torch.float64)).sum().backward()
    assert tails.grad is not None
    # The derivative is z^2 / 2 - z, at z = 2.
    torch.testing.assert_close(tails.grad, torch.zeros(3, dtype=torch.float64), atol=1e-5, rtol=0)
