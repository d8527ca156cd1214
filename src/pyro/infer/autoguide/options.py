"""What the arguments of guides must be."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["check_init_scale", "levels"]


def check_init_scale(init_scale: Any) -> float:
    """Checks the standard deviation that a guide starts with.

    Args:
        init_scale: any value.

    Raises:
        ValueError: if it is no positive number.
    """
    if not isinstance(init_scale, float | int) or not init_scale > 0:
        raise ValueError(f"Expected init_scale > 0. but got {init_scale}: it is the standard deviation of the guide "
                         "before the first step. Pass a positive number.")
    return init_scale


def levels(quantiles: float | Iterable[float] | Tensor, like: Tensor) -> Tensor:
    """Probabilities as a vector.

    Args:
        quantiles: one probability, or several.
        like: gives dtype and device.

    Raises:
        ValueError: if one of them is not between 0 and 1.
    """
    chosen = quantiles if isinstance(quantiles, Tensor | float | int) else list(quantiles)
    vector = torch.as_tensor(chosen, dtype=like.dtype, device=like.device).reshape(-1)
    if not bool(((vector >= 0) & (vector <= 1)).all()):
        raise ValueError(f"quantiles: expected probabilities, between 0 and 1, got {quantiles}.")
    return vector
