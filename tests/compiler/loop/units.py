"""The error of a compiled function in units of the last place, against mpmath."""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import torch
from torch import Tensor

from tests.compiler.loop.steps import compiled

__all__ = ["exponential", "signed", "uniform", "units"]

_DIGITS = {torch.float32: (24, -126), torch.float64: (53, -1022)}
N = 300


def uniform(low: float, high: float) -> Tensor:
    """Numbers evenly spread, in an order without a pattern."""
    return torch.empty(N, dtype=torch.float64).uniform_(low, high)


def exponential(low: float, high: float) -> Tensor:
    """Positive numbers of all sizes between two."""
    return uniform(math.log(low), math.log(high)).exp()


def signed(x: Tensor) -> Tensor:
    """With signs drawn."""
    return x * (2.0 * torch.randint(0, 2, x.shape) - 1.0)


def units(function: Callable[..., Tensor], exact: Callable[..., Any], dtype: torch.dtype, *operands: Tensor) -> float:
    """The greatest error of a compiled function over the operands' elements, where the exact value is in range.

    Args:
        function: of tensors.
        exact: of as many of mpmath's numbers.
        dtype: what it is computed in.
        operands: the numbers; those that are zero or infinite in that type are left out.
    """
    numbers = torch.stack([x.to(dtype) for x in operands])
    numbers = numbers[:, (numbers.isfinite() & (numbers != 0)).all(0)]
    (got,) = compiled(lambda *x: (function(*x),), *numbers)
    digits, lowest = _DIGITS[dtype]
    worst = 0.0
    with mpmath.workprec(160):
        for *given, value in zip(*numbers.tolist(), got.tolist(), strict=True):
            want = exact(*map(mpmath.mpf, given))
            _, exponent = mpmath.frexp(want)
            if want and exponent <= -lowest + 1:
                error = abs(mpmath.mpf(value) - want) / mpmath.mpf(2) ** (max(exponent - 1, lowest) - digits + 1)
                worst = max(worst, float(error))
    return worst
