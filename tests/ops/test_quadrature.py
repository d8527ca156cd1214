"""Integrals in log space equal closed forms."""

import math

import pytest
import torch

from pyro.ops.quadrature import log_integral


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_gaussian_integral_and_its_gradient(scale):
    scale = torch.tensor(scale, dtype=torch.float64, requires_grad=True)
    center = torch.zeros((), dtype=torch.float64)
    result = log_integral(lambda x: -(x / scale).square() / 2, center, scale, 10 * scale, 61)
    torch.testing.assert_close(result, scale.log() + math.log(2 * math.pi) / 2, rtol=0, atol=1e-12)
    torch.testing.assert_close(torch.autograd.grad(result, scale)[0], 1 / scale.detach())


def test_exponential_tails_of_a_batch():
    rate = torch.tensor([0.5, 20.0], dtype=torch.float64)
    # the logistic density
    log_density = lambda x: torch.nn.functional.logsigmoid(rate[:, None] * x) + torch.nn.functional.logsigmoid(
        -rate[:, None] * x)
    result = log_integral(log_density, torch.zeros_like(rate), 1 / rate, 40 / rate, 121)
    torch.testing.assert_close(result, -rate.log(), rtol=0, atol=1e-10)
