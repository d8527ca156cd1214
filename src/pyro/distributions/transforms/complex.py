"""Transform between pairs of real numbers and complex numbers."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints

__all__ = ["ComplexTransform"]


class ComplexTransform(Transform):
    """Maps pairs of real numbers along the last dimension, which it removes, to complex numbers.

    Example:
        >>> ComplexTransform()(torch.tensor([3.0, 4.0])).abs()
        tensor(5.)
    """

    domain = constraints.real_vector
    codomain = constraints.complex
    bijective = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComplexTransform)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """The shape of results from that of arguments."""
        if not shape or shape[-1] != 2:
            raise ValueError(f"ComplexTransform: expected pairs along the last dimension, got shape {tuple(shape)}.")
        return Size(shape[:-1])

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        """The shape of arguments from that of results."""
        return Size([*shape, 2])

    def _call(self, x: Tensor) -> Tensor:
        return torch.complex(x[..., 0], x[..., 1])

    def _inverse(self, y: Tensor) -> Tensor:
        return torch.stack([y.real, y.imag], -1) if y.is_complex() else torch.stack([y, torch.zeros_like(y)], -1)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the change of volume: zero."""
        return x.new_zeros(x.shape[:-1])
