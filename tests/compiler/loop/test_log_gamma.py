"""The logarithm of the gamma function: its error in units of the last place, and its edges."""

import math

import mpmath
import pytest
import torch

from tests.compiler.loop.steps import compiled
from tests.compiler.loop.units import exponential, signed, uniform, units

DTYPES = [torch.float32, torch.float64]
RANGES = {
    "about the zero at 1": lambda: 1.0 + signed(exponential(1e-12, 0.4)),
    "about the zero at 2": lambda: 2.0 + signed(exponential(1e-12, 0.5)),
    "between": lambda: uniform(1.3, 1.5),
    "small": lambda: exponential(1e-310, 1.0),
    "middle": lambda: uniform(2.5, 9.0),
    "large": lambda: exponential(8.0, 1e305),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", RANGES)
def test_units(name: str, dtype: torch.dtype) -> None:
    assert units(torch.lgamma, mpmath.loggamma, dtype, RANGES[name]()) <= 2.0


@pytest.mark.parametrize("dtype", DTYPES)
def test_edges(dtype: torch.dtype) -> None:
    x = torch.tensor([0.0, -0.0, math.inf, math.nan, 1.0, 2.0, 8.0, -3.0, -0.5, -7.3, 1.4142, 0.75, 3.0], dtype=dtype)
    (got,) = compiled(lambda x: (x.lgamma(),), x)
    torch.testing.assert_close(got, x.lgamma(), rtol=1e-6 if dtype is torch.float32 else 1e-15, atol=0, equal_nan=True)
