"""What the arguments of guides must be."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

__all__ = ["check_init_scale", "normal_quantiles"]


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


def normal_quantiles(quantiles: float | Iterable[float] | Tensor, loc: Tensor, scale: Tensor) -> Tensor:
    """The quantiles of normal distributions.

    Args:
        quantiles: one probability, or several.
        loc: the means.
        scale: the standard deviations.

    Raises:
        ValueError: if a probability is not between 0 and 1.

    Shape:
        A leftmost dim for the probabilities, also for a single one, and then that of ``loc``.
    """
    chosen = quantiles if isinstance(quantiles, Tensor | float | int) else list(quantiles)
    levels = torch.as_tensor(chosen, dtype=loc.dtype, device=loc.device).reshape(-1, *[1] * loc.dim())
    if not bool(((levels >= 0) & (levels <= 1)).all()):
        raise ValueError(f"quantiles: expected probabilities, between 0 and 1, got {quantiles}.")
    return loc + scale * torch.special.ndtri(levels)  # type: ignore[no-any-return]
