"""Positions of extremes and small sorts against ATen."""

import math

import pytest
import torch

from pyro.compiler.errors import Unsupported
from tests.compiler.loop.steps import agree_all, compiled, sample


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64])
@pytest.mark.parametrize("shape", [(1,), (6,), (5, 9), (3, 4, 70)])
def test_positions_of_extremes(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    functions = {
        "first": lambda x: (x.argmax(0), x.argmin(0), x.argmax()),
        "last": lambda x: (x.argmax(-1, keepdim=True), x.argmin(-1)),
        "values": lambda x: (*x.max(-1), *x.min(0)),
    }
    agree_all(functions, sample(shape, dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
def test_sorts(dtype: torch.dtype) -> None:
    functions = {
        "rows": lambda x: torch.sort(x, dim=1, stable=True),
        "columns": lambda x: torch.sort(x, dim=0, stable=True),
        "descending": lambda x: torch.sort(x, dim=1, descending=True, stable=True),
        "greatest": lambda x: torch.topk(x, 3, 1)[0],
        "least": lambda x: torch.topk(x, 2, 0, largest=False)[0],
    }
    agree_all(functions, sample((5, 9), dtype))


def test_nan_comes_last_and_is_the_extreme() -> None:
    x = torch.tensor([3.0, math.nan, -1.0, math.inf, math.nan, -math.inf])
    functions = {
        "sort": lambda x: torch.sort(x, stable=True),
        "descending": lambda x: torch.sort(x, descending=True, stable=True),
        "argmax": torch.argmax,
        "argmin": torch.argmin,
    }
    agree_all(functions, x)


def test_long_rows_are_refused() -> None:
    with pytest.raises(Unsupported, match="sorting 300"):
        compiled(lambda x: tuple(torch.sort(x)), sample((300,)))
