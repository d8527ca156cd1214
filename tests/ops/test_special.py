"""Laws of the special functions."""

import math

import numpy as np
import pytest
import scipy.special
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyro.ops.special import (
    get_quad_rule,
    log_beta,
    log_binomial,
    log_I1,
    safe_log,
    sparse_multinomial_likelihood,
)

POSITIVE = st.floats(1e-3, 1e4)
TOLERANCES = [0.0, 1e-9, 0.03, 0.05, 0.1, 0.2, 1.0]


def double(x: float) -> torch.Tensor:
    return torch.tensor(x, dtype=torch.float64)


@pytest.mark.parametrize("tol", TOLERANCES)
@given(x=POSITIVE, y=POSITIVE)
def test_log_beta_keeps_its_tolerance(tol: float, x: float, y: float) -> None:
    exact = math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)
    assert abs(log_beta(double(x), double(y), tol=tol).item() - exact) <= tol + 1e-9


@pytest.mark.parametrize("tol", TOLERANCES)
@given(n=st.integers(0, 500), data=st.data())
def test_log_binomial_keeps_its_tolerance(tol: float, n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    assert abs(log_binomial(double(n), double(k), tol=tol).item() - math.log(math.comb(n, k))) <= tol + 1e-9


@pytest.mark.parametrize("tol", TOLERANCES)
def test_gradients_equal_differences(tol: float) -> None:
    inputs = (torch.tensor([0.3, 2.0, 50.0]).double().requires_grad_(), double(1.5).requires_grad_())
    assert torch.autograd.gradcheck(lambda x, y: log_beta(x, y, tol=tol), inputs)


def test_safe_log_has_a_finite_slope_at_zero() -> None:
    x = torch.tensor([0.0, 1e-30, 0.5, 2.0], requires_grad=True)
    y = safe_log(x)
    torch.testing.assert_close(y, x.log())
    (slope,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(slope, 1 / x.detach().clamp(min=torch.finfo(x.dtype).eps))


@pytest.mark.parametrize("x", [1e-5, 0.5, 3.0, 50.0])
def test_bessel_functions_are_scipys(x: float) -> None:
    expected = np.log(scipy.special.ive(np.arange(5), x)) + x
    np.testing.assert_allclose(log_I1(4, double(x))[:, 0].numpy(), expected, rtol=1e-9, atol=1e-15)
    assert log_I1(4, torch.ones(2, 3)).shape == (5, 2, 3)


@pytest.mark.parametrize("num_quad", [1, 2, 9, 40, 150])
def test_quadrature_is_numpys(num_quad: int) -> None:
    points, log_weights = get_quad_rule(num_quad, torch.zeros(()).double())
    nodes, weights = np.polynomial.hermite_e.hermegauss(num_quad)
    np.testing.assert_allclose(points.numpy(), nodes, atol=1e-12)
    kept = weights > 1e-200
    np.testing.assert_allclose(log_weights.numpy()[kept], np.log(weights / weights.sum())[kept], rtol=1e-8, atol=1e-8)


def test_sparse_counts_have_the_multinomial_density() -> None:
    counts, probs = torch.tensor([2.0, 0.0, 1.0]), torch.tensor([0.2, 0.3, 0.5])
    found = sparse_multinomial_likelihood(counts.sum(), probs.log()[[0, 2]], counts[[0, 2]])
    torch.testing.assert_close(found, torch.distributions.Multinomial(3, probs).log_prob(counts))
