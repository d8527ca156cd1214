"""Laws of the special functions."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyro.ops.special import log_beta, log_binomial

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
