"""Draws with fixed parameters as functions of a standard row: of uniform numbers in [0, 1), or of normal ones.

One formula serves the pass that puts it into the graph, and the eager step that repeats a compiled one's draws.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["FORMULAS", "Formula"]

_aten = torch.ops.aten


def _logarithm(row: Tensor) -> Tensor:
    """``log(1 - row)``, below zero: a uniform zero counts as half of the least positive number."""
    return torch.log1p(-row.clamp_min(torch.finfo(row.dtype).eps / 4))


def _exponential(row: Tensor, rate: float = 1.0) -> Tensor:
    return _logarithm(row) * (-1 / rate)


def _geometric(row: Tensor, p: float) -> Tensor:
    failure = math.log1p(-p) if p < 1 else -math.inf
    return (_logarithm(row) / failure).ceil().clamp_min(1)


def _cauchy(row: Tensor, median: float = 0.0, sigma: float = 1.0) -> Tensor:
    return ((row - 0.5) * math.pi).tan() * sigma + median


def _log_normal(row: Tensor, mean: float = 1.0, std: float = 2.0) -> Tensor:
    return (row * std + mean).exp()


def _bernoulli(row: Tensor, p: Tensor) -> Tensor:
    return (row < p).to(row.dtype)


@dataclass(frozen=True)
class Formula:
    """How a draw comes from a row.

    Attributes:
        standard: the operator that draws the row, given its shape.
        of: the draw, from the row and the operator's arguments behind the tensor that it fills.
        in_place: the operator that fills a tensor, in eager programs.
    """

    standard: Any
    of: Callable[..., Tensor]
    in_place: Any


FORMULAS = {
    _aten.exponential.default: Formula(_aten.rand.default, _exponential, _aten.exponential_.default),
    _aten.geometric.default: Formula(_aten.rand.default, _geometric, _aten.geometric_.default),
    _aten.cauchy.default: Formula(_aten.rand.default, _cauchy, _aten.cauchy_.default),
    _aten.log_normal.default: Formula(_aten.randn.default, _log_normal, _aten.log_normal_.default),
    _aten.bernoulli.Tensor: Formula(_aten.rand.default, _bernoulli, _aten.bernoulli_.Tensor),
}
"""By the operator as it is in a graph without mutation."""
