"""Laws of the rational splines: they pass through their knots with their slopes, and have a smooth inverse."""

from typing import Any

import pytest
import torch
from torch import Tensor

from pyro.ops.rational_spline import rational_spline

ORDERS = pytest.mark.parametrize("is_linear", [False, True])


def parameters(bins: int, is_linear: bool, scale: float = 1.0) -> list[Tensor]:
    raw = [scale * torch.randn(4, n, dtype=torch.float64) for n in (bins, bins, bins - 1, bins)]
    params = [raw[0].softmax(-1), raw[1].softmax(-1), raw[2].exp(), raw[3].sigmoid()]
    return params if is_linear else params[:3]


@ORDERS
@pytest.mark.parametrize("bins", [1, 2, 8])
def test_values_and_slopes_at_the_knots(bins: int, is_linear: bool) -> None:
    params = parameters(bins, is_linear)
    widths, heights = ((1e-3 + (1 - 1e-3 * bins) * p).cumsum(-1) * 4 - 2 for p in params[:2])
    x = widths[:, :-1].T.clone().requires_grad_()
    y, log_slope = rational_spline(x, params, bound=2.0)
    torch.testing.assert_close(y, heights[:, :-1].T)
    torch.testing.assert_close(log_slope.exp(), params[2].T + 1e-3)


@ORDERS
def test_slope_is_the_derivative_and_the_inverse_undoes(is_linear: bool) -> None:
    params = parameters(5, is_linear)
    x = torch.linspace(-3.5, 3.5, 57, dtype=torch.float64).unsqueeze(-1).expand(-1, 4).clone().requires_grad_()
    y, log_slope = rational_spline(x, params)
    (derivative,) = torch.autograd.grad(y.sum(), x)
    torch.testing.assert_close(log_slope, derivative.log(), rtol=1e-9, atol=1e-9)
    assert (y.diff(dim=0) > 0).all()
    back, log_inverse = rational_spline(y.detach(), params, inverse=True)
    torch.testing.assert_close(back, x.detach(), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(log_inverse, -log_slope, rtol=1e-7, atol=1e-7)


@ORDERS
def test_outside_it_is_the_identity(is_linear: bool) -> None:
    x = torch.tensor([-1e30, -3.0001, 3.0001, 1e30], dtype=torch.float64).requires_grad_()
    y, log_slope = rational_spline(x, parameters(5, is_linear))
    assert torch.equal(y, x) and not log_slope.any()
    (gradient,) = torch.autograd.grad(y.sum() + log_slope.sum(), x)
    assert torch.equal(gradient, torch.ones_like(x))


@ORDERS
@pytest.mark.parametrize("inverse", [False, True])
def test_extreme_parameters_in_single_precision(is_linear: bool, inverse: bool) -> None:
    params: Any = [p.float().requires_grad_() for p in parameters(8, is_linear, scale=8.0)]
    x = torch.linspace(-3, 3, 41).unsqueeze(-1).expand(-1, 4).clone().requires_grad_()
    y, log_slope = rational_spline(x, params, inverse=inverse)
    assert y.isfinite().all() and log_slope.isfinite().all() and (y.abs() <= 3.001).all()
    for gradient in torch.autograd.grad(y.sum() + log_slope.sum(), [x, *params]):
        assert gradient.isfinite().all()
