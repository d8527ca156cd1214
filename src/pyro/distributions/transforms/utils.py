"""Helpers of transforms."""

from torch import Tensor

__all__ = ["clamp_preserve_gradients"]


def clamp_preserve_gradients(x: Tensor, min: float, max: float) -> Tensor:
    """Clamps values, while gradients pass as if it had not happened: what is outside can find its way back.

    Args:
        x: values.
        min: least value of the result.
        max: greatest value of the result.

    Returns:
        The clamped values.

    Example:
        >>> import torch
        >>> clamp_preserve_gradients(torch.tensor([-2.0, 0.5]), -1.0, 1.0)
        tensor([-1.0000,  0.5000])
    """
    return x + (x.clamp(min, max) - x).detach()
