"""Logarithms of differences against high precision, and their gradients at the edges."""

import math

import mpmath
import pytest
import torch

from pyro.ops.log_space import log1mexp, log_diff_exp, select


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("x", [-1e-30, -1e-10, -0.3, -math.log(2), -0.7, -3.0, -50.0, -1000.0])
def test_log1mexp_equals_high_precision(x: float, dtype: torch.dtype) -> None:
    argument = torch.tensor(x, dtype=dtype, requires_grad=True)
    value = log1mexp(argument)
    with mpmath.workdps(50):
        exact = mpmath.mpf(argument.item())
        expected, expected_slope = float(mpmath.log(-mpmath.expm1(exact))), float(-1 / mpmath.expm1(-exact))
    rtol = 10 * torch.finfo(dtype).eps
    assert value.item() == pytest.approx(expected, rel=rtol, abs=1e-37)
    (slope,) = torch.autograd.grad(value, argument)
    assert slope.item() == pytest.approx(expected_slope, rel=rtol, abs=1e-37)


def test_log1mexp_of_certainty_and_of_impossibility() -> None:
    assert torch.equal(log1mexp(torch.tensor([0.0, -math.inf])), torch.tensor([-math.inf, 0.0]))


@pytest.mark.parametrize(("x", "y"), [(-1e4, -1e4 - 1e-6), (0.0, -1e-12), (-700.0, -math.inf), (-3.0, -4.0)])
def test_log_diff_exp_equals_high_precision(x: float, y: float) -> None:
    a, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in (x, y))
    value = log_diff_exp(a, b)
    with mpmath.workdps(60):
        exact = float(mpmath.mpf(x) + mpmath.log1p(-mpmath.exp(mpmath.mpf(y) - mpmath.mpf(x))))
    assert value.item() == pytest.approx(exact, rel=1e-14)
    assert all(slope.isfinite() for slope in torch.autograd.grad(value, [a, b]))


def test_log_diff_exp_of_equals_is_nothing_with_no_gradient() -> None:
    x = torch.tensor([-1.0, -math.inf], requires_grad=True)
    value = log_diff_exp(x, x)
    assert (value == -math.inf).all()
    (slope,) = torch.autograd.grad(value.exp().sum(), x)
    assert (slope == 0).all()


def test_select_replaces_where_the_condition_fails() -> None:
    condition = torch.tensor([True, False])
    assert select(condition, torch.tensor([2.0, -1.0]), 1.0).tolist() == [2.0, 1.0]
