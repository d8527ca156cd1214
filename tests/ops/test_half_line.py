"""Integrals over the half line against closed forms, on scales that differ by many orders."""

import math

import pytest
import torch

from pyro.ops.half_line import half_line_rule, log_half_line_integral, width_of_decay


@pytest.mark.parametrize("rate", [1e-12, 1.0, 1e9])
def test_exponential_normal_and_kinked_integrals(rate: float) -> None:
    a = torch.tensor(rate, dtype=torch.float64)
    close = {"rtol": 0.0, "atol": 1e-11}
    torch.testing.assert_close(log_half_line_integral(lambda s: -a * s, 1 / a), -a.log(), **close)
    torch.testing.assert_close(log_half_line_integral(lambda s: -(a * s).square(), 1 / a),
                               math.log(math.sqrt(math.pi) / 2) - a.log(), **close)
    # a feature at a scale a thousand times smaller than the width
    torch.testing.assert_close(
        log_half_line_integral(lambda s: -a * s + torch.log(1 + torch.exp(-1000 * a * s)), 1 / a),
        math.log(1 + 1 / 1001) - a.log(), **close)


def test_a_rough_rule_has_three_digits() -> None:
    one = torch.ones((), dtype=torch.float64)
    error = log_half_line_integral(lambda s: -s, one, is_rough=True).abs()
    assert 0 < error < 1e-3


def test_the_rule_integrates_moments_with_gradients() -> None:
    rate = torch.tensor([0.5, 3.0], dtype=torch.float64, requires_grad=True)
    nodes, log_weights = half_line_rule(1 / rate.detach())
    mean = (nodes * (rate[:, None].log() - rate[:, None] * nodes + log_weights).exp()).sum(-1)
    torch.testing.assert_close(mean, 1 / rate)
    (slope,) = torch.autograd.grad(mean.sum(), rate)
    torch.testing.assert_close(slope, -rate.detach() ** -2)


def test_width_is_where_a_convex_function_is_one() -> None:
    start = torch.tensor([0.1, 5.0], dtype=torch.float64)
    width = width_of_decay(lambda s: s.expm1(), lambda s: s.exp(), start, steps=12)
    torch.testing.assert_close(width, torch.full_like(width, math.log(2)))
