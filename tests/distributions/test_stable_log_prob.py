"""The density of stable distributions equals the closed forms, and is smooth where formulas have poles."""

import math

import numpy as np
import pytest
import scipy.stats as stats
import torch

from pyro.distributions.stable_log_prob import create_integrator, integrate, set_integrator, stable_log_prob

X = torch.tensor([-1e4, -30.0, -2.0, -0.3, 0.0, 1e-9, 0.7, 5.0, 1e3, 1e7], dtype=torch.float64)


def t(value: float) -> torch.Tensor:
    return torch.tensor(value, dtype=torch.float64)


@pytest.mark.parametrize(("alpha", "beta", "reference"), [
    (2.0, 0.3, stats.norm(scale=math.sqrt(2))),
    (1.0, 0.0, stats.cauchy),
    (0.5, 1.0, stats.levy(loc=-1)),
    (0.5, -1.0, None),
])
def test_equals_closed_forms(alpha, beta, reference):
    expected = stats.levy(loc=-1).logpdf(-X.numpy()) if reference is None else reference.logpdf(X.numpy())
    got = stable_log_prob(X, t(alpha), t(beta)).numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("beta", [0.0, 1e-6, 1e-3, 0.5, -0.9])
@pytest.mark.parametrize("step", [1e-9, 1e-6, 0.99e-5, 1.01e-5, 1e-4])
def test_is_smooth_where_the_stability_is_one(beta, step):
    x = torch.tensor([-3.0, 0.2, 4.0], dtype=torch.float64)
    below, at, above = (stable_log_prob(x, t(1 + change), t(beta)) for change in (-step, 0.0, step))
    torch.testing.assert_close((below + above) / 2, at, rtol=0, atol=1e-9 + 100 * step**2)
    alpha = t(1.0).requires_grad_()
    slope = torch.autograd.grad(stable_log_prob(x[1], alpha, t(beta)), alpha)[0]
    torch.testing.assert_close(((above - below) / (2 * step))[1], slope, rtol=0, atol=1e-8 / step)


def test_more_points_change_nothing():
    expected = stable_log_prob(X, t(1.3), t(0.4))
    before = integrate.use
    try:
        set_integrator(num_points=601)
        torch.testing.assert_close(stable_log_prob(X, t(1.3), t(0.4)), expected, rtol=0, atol=1e-11)
    finally:
        integrate.use = before


def test_an_integrator_integrates():
    one = torch.ones((), dtype=torch.float64)
    result = create_integrator(61)(lambda x: -x.square() / 2, 0 * one, one, 10 * one)
    assert abs(result.item() - math.log(2 * math.pi) / 2) < 1e-12
