"""Incomplete gamma and beta functions and Student's tail against high precision, their gradients and inverses."""

import math
from collections.abc import Callable

import mpmath
import pytest
import torch
from torch import Tensor

from pyro.ops.incomplete import (
    gamma_quantile_lower,
    gamma_quantile_upper,
    log_betainc,
    log_gammainc,
    log_gammaincc,
    log_student_tail,
    student_quantile_upper,
)


def double(*values: float) -> Tensor:
    return torch.tensor(values if len(values) > 1 else values[0], dtype=torch.float64)


GAMMA = [(0.01, 1e-8), (0.01, 0.5), (0.01, 30.0), (0.7, 0.3), (1.0, 1.0), (2.5, 400.0), (30.0, 3.0), (30.0, 29.0),
         (1e3, 1.1e3), (1e3, 500.0), (1e4, 1e4)]  # fmt: skip


@pytest.mark.parametrize(("a", "x"), GAMMA)
def test_incomplete_gamma_functions_equal_high_precision(a: float, x: float) -> None:
    with mpmath.workdps(40):
        low, high = mpmath.gammainc(a, 0, x, regularized=True), mpmath.gammainc(a, x, regularized=True)
        assert log_gammainc(double(a), double(x)).item() == pytest.approx(float(mpmath.log(low)), rel=1e-10, abs=1e-12)
        assert log_gammaincc(double(a), double(x)).item() == pytest.approx(float(mpmath.log(high)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("function", [log_gammainc, log_gammaincc])
@pytest.mark.parametrize(("a", "x"), GAMMA[1:9])
def test_gradients_of_incomplete_gamma_functions_equal_differences(
    function: Callable[[Tensor, Tensor], Tensor], a: float, x: float
) -> None:
    inputs = [double(a).requires_grad_(), double(x).requires_grad_()]
    torch.autograd.gradcheck(function, inputs, eps=1e-6 * min(1.0, a, x), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("function", [log_gammainc, log_gammaincc])
def test_single_precision_is_finite_with_its_gradients(function: Callable[[Tensor, Tensor], Tensor]) -> None:
    a = torch.tensor([1e-3, 0.5, 1.0, 30.0, 1e4])[:, None].requires_grad_()
    x = torch.tensor([1e-30, 1e-3, 1.0, 10.0, 1e4, 1e6]).requires_grad_()
    value = function(a, x)
    assert all(part.isfinite().all() for part in (value, *torch.autograd.grad(value.sum(), [a, x])))


def test_incomplete_gamma_functions_at_the_ends() -> None:
    ends = double(0.0, math.inf)
    assert log_gammainc(double(2.0), ends).tolist() == [-math.inf, 0.0]
    assert log_gammaincc(double(2.0), ends).tolist() == [0.0, -math.inf]


TAILS = -torch.logspace(math.log10(math.log(2)), 2.8, 15, dtype=torch.float64)


@pytest.mark.parametrize("a", [0.05, 0.5, 1.0, 3.0, 30.0, 1e3])
@pytest.mark.parametrize(("quantile", "tail"),
                         [(gamma_quantile_lower, log_gammainc), (gamma_quantile_upper, log_gammaincc)])
def test_gamma_quantiles_invert_the_tails(
    quantile: Callable[[Tensor, Tensor], Tensor], tail: Callable[[Tensor, Tensor], Tensor], a: float
) -> None:
    value = quantile(double(a), TAILS)
    is_normal = value > 2 * torch.finfo(value.dtype).tiny  # smaller ones are rounded up
    assert is_normal[:3].all()
    torch.testing.assert_close(tail(double(a), value)[is_normal], TAILS[is_normal], rtol=1e-5, atol=0.0)
    assert (value[~is_normal] > 0.5 * torch.finfo(value.dtype).tiny).all()


@pytest.mark.parametrize(("quantile", "tail"),
                         [(gamma_quantile_lower, log_gammainc), (gamma_quantile_upper, log_gammaincc)])
def test_gamma_quantiles_have_implicit_gradients(
    quantile: Callable[[Tensor, Tensor], Tensor], tail: Callable[[Tensor, Tensor], Tensor]
) -> None:
    a, log_p = double(0.7, 12.0).requires_grad_(), double(-3.0, -40.0).requires_grad_()
    value = quantile(a, log_p)
    slope_a, slope_p = torch.autograd.grad(value.sum(), [a, log_p])
    point = value.detach().requires_grad_()
    by_a, by_x = torch.autograd.grad(tail(a, point).sum(), [a, point])
    torch.testing.assert_close(slope_p, 1 / by_x, rtol=1e-4, atol=0.0)
    torch.testing.assert_close(slope_a, -by_a / by_x, rtol=1e-4, atol=0.0)


@pytest.mark.parametrize("a", [0.05, 1.0, 4.0, 1e3])
@pytest.mark.parametrize("b", [0.5, 1.0, 1e3])
@pytest.mark.parametrize("logit", [-30.0, -0.3, 0.0, 4.0])
def test_incomplete_beta_function_equals_high_precision(a: float, b: float, logit: float) -> None:
    with mpmath.workdps(60):
        x = 1 / (1 + mpmath.exp(-mpmath.mpf(logit)))
        expected = float(mpmath.log(mpmath.betainc(a, b, 0, x, regularized=True)))
    assert log_betainc(double(a), double(b), double(logit)).item() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_gradients_of_the_incomplete_beta_function_equal_differences() -> None:
    inputs = [double(0.5, 3.0, 20.0), double(2.0, 0.7, 30.0), double(-2.0, 1.0, 0.5)]
    torch.autograd.gradcheck(log_betainc, [tensor.requires_grad_() for tensor in inputs], atol=1e-6)


@pytest.mark.parametrize("df", [0.3, 1.0, 2.5, 40.0])
@pytest.mark.parametrize("z", [-5.0, 0.0, 0.1, 30.0, 1e6])
def test_student_tail_equals_high_precision(df: float, z: float) -> None:
    with mpmath.workdps(40):
        x = df / (df + mpmath.mpf(z) ** 2)
        tail = mpmath.betainc(mpmath.mpf(df) / 2, 0.5, 0, x, regularized=True) / 2
        expected = float(mpmath.log(tail if z >= 0 else 1 - tail))
    assert log_student_tail(double(df), double(z)).item() == pytest.approx(expected, rel=1e-11, abs=1e-13)


@pytest.mark.parametrize("df", [1.0, 2.5, 40.0, 1e5])
def test_student_quantile_inverts_the_tail(df: float) -> None:
    value = student_quantile_upper(double(df), TAILS)
    torch.testing.assert_close(log_student_tail(double(df), value), TAILS, rtol=1e-9, atol=1e-9)


def test_student_tail_has_gradients_at_the_centre() -> None:
    z = double(0.0).requires_grad_()
    (slope,) = torch.autograd.grad(log_student_tail(double(3.0), z), z)
    density = torch.distributions.StudentT(double(3.0)).log_prob(double(0.0)).exp()
    torch.testing.assert_close(slope, -2 * density)
