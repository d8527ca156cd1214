"""Reductions against ATen, over shapes and dims."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.compiler.loop.steps import agree, agree_all, sample

FLOATS = [torch.float32, torch.float64]
REDUCTIONS: dict[str, Callable[..., Tensor]] = {
    name: getattr(torch, name)
    for name in ("sum", "mean", "amax", "amin", "prod", "var", "std", "logsumexp", "softmax", "log_softmax")
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(7,), (5, 3), (2, 9, 4), (3, 130), (130, 3), (2, 70, 2), (40, 70)])
def test_reductions(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    functions = {
        f"{name} over {dim}": lambda x, f=function, d=dim: f(x, dim=d)
        for name, function in REDUCTIONS.items()
        for dim in range(len(shape))
    }
    agree_all(functions, sample(shape, dtype), tolerance=1e-4 if dtype is torch.float32 else 1e-12)


@pytest.mark.parametrize("numel", [1, 2, 3, 8, 15, 64, 65, 127, 200, 1000, 5001])
def test_full_reductions(numel: int) -> None:
    x = sample((numel,), torch.float64)
    agree(lambda x: (x.sum(), x.amax(), (x > 2).any(), (x < 9).all(), x.exp().sum(), (x > 0).sum()), x)
    agree(lambda x: (x.sum(), x.amax(), x.amin(), x.prod()), sample((numel,), torch.int64))


def test_nan_wins_in_extremes() -> None:
    x = torch.tensor([1.0, math.nan, 3.0] + [0.0] * 20)
    agree(lambda x: (x.amax(), x.amin(), torch.maximum(x, x.flip(0)), x.clamp(0.5, 1.0)), x)


def test_gradients_of_softmax() -> None:
    x, g = sample((6, 9), torch.float64), sample((6, 9), torch.float64, seed=1)
    aten = torch.ops.aten
    agree(lambda x, g: aten._softmax_backward_data(g, x.softmax(1), 1, torch.float64), x, g)
    agree(lambda x, g: aten._log_softmax_backward_data(g, x.log_softmax(1), 1, torch.float64), x, g)
