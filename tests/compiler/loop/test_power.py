"""Powers: their error in units of the last place, and the cases that C's library defines one by one."""

import math

import mpmath
import pytest
import torch

from tests.compiler.loop.steps import compiled
from tests.compiler.loop.units import exponential, signed, uniform, units

DTYPES = [torch.float32, torch.float64]
PAIRS = {
    "bases about 1": lambda: (1.0 + signed(exponential(1e-10, 0.4)), signed(exponential(1.0, 1e9))),
    "halves to doubles": lambda: (exponential(0.5, 2.0), uniform(-1000.0, 1000.0)),
    "bases of all sizes": lambda: (exponential(1e-300, 1e300), signed(exponential(1e-3, 1.0))),
    "powers of all sizes": lambda: (exponential(1e-3, 1e3), uniform(-110.0, 110.0)),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", PAIRS)
def test_units(name: str, dtype: torch.dtype) -> None:
    assert units(torch.pow, mpmath.power, dtype, *PAIRS[name]()) <= 1.1


@pytest.mark.parametrize("dtype", DTYPES)
def test_edges(dtype: torch.dtype) -> None:
    tiny = torch.finfo(dtype).tiny
    bases = [0.0, -0.0, 1.0, -1.0, 0.5, -2.0, 3.0, math.inf, -math.inf, math.nan, tiny, tiny / 8, 1.0 + 1e-6]
    exponents = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 1e30, -1e30, math.inf, -math.inf, math.nan, 12345.0]
    x, y = (t.flatten() for t in torch.meshgrid(*(torch.tensor(v, dtype=dtype) for v in (bases, exponents)),
                                                indexing="ij"))  # fmt: skip
    (got,) = compiled(lambda x, y: (x**y,), x, y)
    torch.testing.assert_close(got, x**y, rtol=1e-6 if dtype is torch.float32 else 1e-15, atol=0, equal_nan=True)
    assert torch.equal(got.signbit() & ~got.isnan(), (x**y).signbit() & ~got.isnan())
