"""Elementary functions: their error in units of the last place, and their edges."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.compiler.loop.steps import compiled

RANGES: dict[str, tuple[Callable[[Tensor], Tensor], float, float, int]] = {
    "exp": (torch.exp, -80.0, 88.0, 2),
    "expm1": (torch.expm1, -20.0, 88.0, 2),
    "expm1 near zero": (torch.expm1, -1e-3, 1e-3, 2),
    "log": (torch.log, 1e-30, 100.0, 2),
    "log near one": (torch.log, 0.9, 1.1, 2),
    "log1p": (torch.log1p, -0.999, 100.0, 2),
    "log1p near zero": (torch.log1p, -1e-3, 1e-3, 2),
    "tanh": (torch.tanh, -5.0, 5.0, 4),
    "tanh near zero": (torch.tanh, -1e-3, 1e-3, 4),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", RANGES)
def test_units_in_the_last_place(name: str, dtype: torch.dtype) -> None:
    function, low, high, units = RANGES[name]
    x = torch.linspace(low, high, 40_001, dtype=torch.float64).to(dtype)
    (got,) = compiled(lambda x: (function(x),), x)
    exact = function(x.double())
    last_place = torch.nextafter(exact.to(dtype).abs(), torch.tensor(math.inf, dtype=dtype)) - exact.to(dtype).abs()
    slack = 0.5 if dtype is torch.float64 else 0.0  # the reference is rounded as well
    assert ((got.double() - exact).abs() / last_place.double()).max() <= units + slack


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "tanh"])
def test_edges(name: str, dtype: torch.dtype) -> None:
    tiny = torch.finfo(dtype).tiny
    edges = [0.0, -0.0, math.inf, -math.inf, math.nan, -1.0, tiny, tiny / 8, -tiny / 8, torch.finfo(dtype).max]
    x = torch.tensor([*edges, -1e4, 1e4, math.log(tiny) - 3], dtype=dtype)
    function = getattr(torch, name)
    (got,) = compiled(lambda x: (function(x),), x)
    torch.testing.assert_close(got, function(x), rtol=1e-6 if dtype is torch.float32 else 1e-14, atol=0, equal_nan=True)
    zero = x == 0
    assert torch.equal(got[zero].signbit(), function(x)[zero].signbit())


def test_digamma() -> None:
    x = torch.cat([torch.linspace(0.01, 30, 2001, dtype=torch.float64), torch.linspace(-5.9, -0.1, 30).double()])
    (got,) = compiled(lambda x: (torch.digamma(x),), x)
    torch.testing.assert_close(got, torch.digamma(x), rtol=1e-13, atol=1e-13)
    edges = torch.tensor([0.0, -0.0, -3.0, math.inf])
    torch.testing.assert_close(compiled(lambda x: (x.digamma(),), edges)[0], edges.digamma(), equal_nan=True)
