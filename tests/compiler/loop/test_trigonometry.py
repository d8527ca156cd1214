"""Sine, cosine and inverse cosine: their error in units of the last place, and their edges."""

import math

import mpmath
import pytest
import torch

from tests.compiler.loop.steps import compiled
from tests.compiler.loop.units import exponential, signed, uniform, units

DTYPES = [torch.float32, torch.float64]
ANGLES = {
    "turns": lambda: uniform(-10.0, 10.0),
    "all that is reduced": lambda: uniform(-1e6, 1e6),
    "multiples of a quarter": lambda: torch.arange(1, 301, dtype=torch.float64) * 2003 * (math.pi / 2),
    "tiny": lambda: signed(exponential(1e-320, 1.0)),
    "huge": lambda: signed(exponential(1e6, 1e38)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ANGLES)
def test_units_of_sine_and_cosine(name: str, dtype: torch.dtype) -> None:
    x = ANGLES[name]()
    assert units(torch.sin, mpmath.sin, dtype, x) < 1.0
    assert units(torch.cos, mpmath.cos, dtype, x) < 1.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_units_of_the_inverse_cosine(dtype: torch.dtype) -> None:
    near = 1.0 - exponential(1e-16, 1.0)
    assert units(torch.acos, mpmath.acos, dtype, torch.cat([uniform(-1.0, 1.0), near, -near])) <= 2.0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sin", "cos", "acos"])
def test_edges(name: str, dtype: torch.dtype) -> None:
    x = torch.tensor([0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0, 1.5, 2.0**20, 2.0**21, 1e30], dtype=dtype)
    function = getattr(torch, name)
    (got,) = compiled(lambda x: (function(x),), x)
    torch.testing.assert_close(got, function(x), rtol=1e-6 if dtype is torch.float32 else 1e-15, atol=0, equal_nan=True)
    assert torch.equal(got[:2].signbit(), function(x)[:2].signbit())
