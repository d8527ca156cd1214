"""Draws of stable distributions have the characteristic function, also near the pole of the formulas."""

import math

import pytest
import torch

import pyro.distributions as dist


@pytest.mark.parametrize(("alpha", "beta"), [(0.7, 0.5), (1.0, 0.8), (1.0 + 1e-8, 0.8), (1.3, -1.0), (2.0, 0.3)])
def test_draws_have_the_characteristic_function(alpha, beta):
    torch.manual_seed(0)
    x = dist.Stable(torch.tensor(alpha, dtype=torch.float64), beta).rsample((20_000,))
    for s in (0.3, 1.0, 2.0):
        if abs(alpha - 1) < 1e-6:
            phase = beta * 2 / math.pi * s * math.log(s)
        else:
            phase = beta * math.tan(math.pi * alpha / 2) * (s - s**alpha)
        modulus = math.exp(-(s**alpha))
        assert abs((s * x).cos().mean().item() - modulus * math.cos(phase)) < 4.5 / 20_000**0.5
        assert abs((s * x).sin().mean().item() + modulus * math.sin(phase)) < 4.5 / 20_000**0.5


def test_draws_are_smooth_in_the_stability_where_it_is_one():
    def draws(alpha):
        torch.manual_seed(0)
        return dist.Stable(alpha, 0.8).rsample((5,))

    alpha, step = torch.tensor(1.0, dtype=torch.float64), 1e-6
    slope = torch.func.jacrev(draws)(alpha)
    torch.testing.assert_close((draws(alpha + step) - draws(alpha - step)) / (2 * step), slope, rtol=1e-6, atol=1e-6)


def test_coordinates_differ_by_a_shift():
    d0, d = (dist.Stable(1.5, 0.5, 2.0, 3.0, coords=coords) for coords in ("S0", "S"))
    assert d.mean == 3.0
    torch.testing.assert_close(d0.mean, torch.tensor(4.0))
    x = torch.tensor([0.0, 5.0])
    torch.testing.assert_close(d.log_prob(x), d0.log_prob(x + 1))
    with pytest.raises(ValueError, match="coords"):
        dist.Stable(1.5, 0.5, coords="S1")
