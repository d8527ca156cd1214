"""Views and what puts tensors together against ATen, over memory layouts."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.compiler.loop.steps import agree_all, sample

VIEWS: dict[str, Callable[[Tensor], Any]] = {
    "reshape flat": lambda x: x.reshape(-1) + 0,
    "reshape": lambda x: x.reshape(4, 6, 5) * 2,
    "reshape transposed": lambda x: x.transpose(0, 2).reshape(10, 12) + 1,
    "reshape mixed": lambda x: (x * x).transpose(1, 2).reshape(2, 60).sum(0),
    "permute": lambda x: x.permute(2, 0, 1) + 0,
    "expand": lambda x: x.unsqueeze(1).expand(4, 3, 6, 5) * 1,
    "select": lambda x: x.select(1, -2) + 0,
    "slice": lambda x: x[1:3, ::2, -3:] + 0,
    "slice after reshape": lambda x: x.reshape(24, 5)[3:20:2] + 0,
    "diagonal": lambda x: torch.diagonal(x, 1, 1, 2) + 0,
    "diagonal of others": lambda x: torch.diagonal(x, -1, 0, 2) * 1,
    "diagonal of large matrices": lambda x: torch.diagonal_scatter(
        x[0, 0, 0] + torch.arange(9800.0).reshape(2, 70, 70), x[0, 0, 1] * torch.arange(140.0).reshape(2, 70), 0, 1, 2),
    "diagonal embedded": lambda x: torch.diag_embed(x[0]),
    "strides": lambda x: torch.as_strided(x * 2.0 + torch.zeros(4, 6, 5), [3, 2], [7, 2], 5),
    "strides over permuted memory": lambda x: torch.as_strided(
        (x.contiguous() * 2).permute(2, 0, 1) * 1.0, [3, 2], [7, 2], 5),
    "strides written": lambda x: torch.as_strided_scatter(
        (x.contiguous() * 2).permute(2, 0, 1) * 1.0, torch.arange(6.0).reshape(3, 2), [3, 2], [7, 2], 5),
    "flip": lambda x: x.flip(0, 2),
    "split": lambda x: tuple(p * 2 for p in x.split([1, 2, 3], 1)),
    "unbind": lambda x: tuple(p + 1 for p in x.unbind(2)),
    "cat": lambda x: torch.cat([x, x[:, :2] * 2, x[:, :1]], 1),
    "stack": lambda x: torch.stack([x, x * 2, -x], -1),
    "pad": lambda x: torch.nn.functional.pad(x, (1, 2, -1, 3), value=7.0),
    "repeat": lambda x: x.repeat(2, 1, 3),
    "roll": lambda x: torch.roll(x, 2, 1),
    "slice written": lambda x: torch.slice_scatter(x, x[:, :2] * 9, 1, 1, 5, 2),
    "select written": lambda x: torch.select_scatter(x, x[:, 0] * 9, 1, 2),
    "tril": lambda x: torch.tril(x) + torch.triu(x, 1) * 2,
    "eye": lambda x: torch.eye(6, 5) + x,
    "arange": lambda x: torch.arange(5) * 2 + x + torch.arange(1.0, 2.0, 0.2),
    "linspace": lambda x: torch.linspace(0.0, 1.0, 5) + x,
    "full": lambda x: torch.full_like(x, 3.0) + torch.zeros(5) + torch.ones_like(x),
    "meshgrid": lambda x: torch.meshgrid(x[0, :, 0], x[0, 0], indexing="ij")[0] + 0,
}


@pytest.mark.parametrize(
    "x",
    [
        pytest.param(sample((4, 6, 5)), id="contiguous"),
        pytest.param(sample((5, 6, 4)).permute(2, 1, 0), id="transposed"),
        pytest.param(sample((8, 6, 10))[::2, :, 1::2], id="strided"),
    ],
)
def test_views(x: Tensor) -> None:
    agree_all(VIEWS, x)
