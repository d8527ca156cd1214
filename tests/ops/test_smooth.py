"""Smooth quotients equal their formulas, derivatives included, on both sides of where the series takes over."""

import pytest
import torch

from pyro.ops.smooth import atan_ratio, expm1_ratio, log1p_ratio, sin_ratio, x_cot_x

CASES = [
    (atan_ratio, lambda x: x.atan() / x, 0.0),
    (expm1_ratio, lambda x: x.expm1() / x, 0.5),
    (log1p_ratio, lambda x: x.log1p() / x, -0.5),
    (sin_ratio, lambda x: x.sin() / x, 0.0),
    (x_cot_x, lambda x: x / x.tan(), 0.0),
]


@pytest.mark.parametrize(("quotient", "formula", "slope"), CASES)
def test_equals_the_formula(quotient, formula, slope):
    x = torch.tensor([-0.9, -0.011, -0.0099, 1e-3, 0.0099, 0.011, 0.9], dtype=torch.float64, requires_grad=True)
    torch.testing.assert_close(quotient(x), formula(x), rtol=1e-14, atol=0)
    got, = torch.autograd.grad(quotient(x).sum(), x)
    expected, = torch.autograd.grad(formula(x).sum(), x)
    torch.testing.assert_close(got, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(("quotient", "formula", "slope"), CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_is_smooth_at_zero(quotient, formula, slope, dtype):
    x = torch.zeros((), dtype=dtype, requires_grad=True)
    y = quotient(x)
    assert y == 1
    assert torch.autograd.grad(y, x)[0] == slope
