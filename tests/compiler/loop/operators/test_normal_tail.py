"""The scaled complementary error function and the normal quantile against ATen."""

import math

import pytest
import torch

from tests.compiler.loop.steps import agree, agree_all

FLOATS = [(torch.float32, 3e-6), (torch.float64, 2e-13)]


@pytest.mark.parametrize(("dtype", "tolerance"), FLOATS)
def test_scaled_complementary_error_function(dtype: torch.dtype, tolerance: float) -> None:
    x = torch.cat([torch.linspace(-9, 9, 181), torch.logspace(-6, 8, 60)]).to(dtype)
    exact = torch.special.erfcx(x.double()).to(dtype)
    agree(lambda x, s: torch.special.erfcx(x) / s, x, exact, tolerance=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), FLOATS)
def test_normal_quantile(dtype: torch.dtype, tolerance: float) -> None:
    least = -37 if dtype is torch.float32 else -300
    low = torch.cat([torch.logspace(least, -0.31, 100, dtype=torch.float64), torch.linspace(0.01, 0.99, 99).double()])
    p = torch.cat([low, 1 - torch.logspace(-6, -1, 40, dtype=torch.float64)]).to(dtype)
    scale = torch.special.ndtri(p.double()).abs().clamp(min=1).to(dtype)
    agree(lambda p, s: torch.special.ndtri(p) / s, p, scale, tolerance=tolerance)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_edges(dtype: torch.dtype) -> None:
    agree_all({"erfcx": torch.special.erfcx, "ndtri": torch.special.ndtri},
              torch.tensor([0.0, 1.0, -1.0, 0.5, 2.0, math.inf, -math.inf, math.nan, 30.0, -30.0], dtype=dtype),
              tolerance=3e-6)
