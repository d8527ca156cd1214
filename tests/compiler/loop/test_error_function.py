"""The error function and its complement: their error in units of the last place, and their edges."""

import math

import mpmath
import pytest
import torch

from tests.compiler.loop.steps import compiled
from tests.compiler.loop.units import exponential, signed, uniform, units

DTYPES = [torch.float32, torch.float64]
CASES = {
    "erf": (torch.erf, mpmath.erf, lambda: [uniform(-6.0, 6.0), uniform(-1.0, 1.0), signed(exponential(1e-300, 1.0))]),
    "erfc": (torch.erfc, mpmath.erfc, lambda: [uniform(-6.0, 1.0), uniform(0.4, 9.0), uniform(9.0, 26.5)]),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_units(name: str, dtype: torch.dtype) -> None:
    function, exact, ranges = CASES[name]
    assert units(function, exact, dtype, torch.cat(ranges())) <= 2.0


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CASES)
def test_edges(name: str, dtype: torch.dtype) -> None:
    x = torch.tensor([0.0, -0.0, math.inf, -math.inf, math.nan, 0.5, -0.5, 1.0, -1.0, 27.0, 40.0, -40.0], dtype=dtype)
    function = CASES[name][0]
    (got,) = compiled(lambda x: (function(x),), x)
    torch.testing.assert_close(got, function(x), rtol=1e-6, atol=1e-320, equal_nan=True)
    assert torch.equal(got[:2].signbit(), function(x)[:2].signbit())
