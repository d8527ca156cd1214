"""The Haar transform as a change of variables."""

from torch import Tensor

from pyro.distributions.transforms.along_dim import AlongDim, check_dim
from pyro.ops.haar import haar_transform, inverse_haar_transform

__all__ = ["HaarTransform"]


class HaarTransform(AlongDim):
    r"""Maps series to their Haar coefficients :math:`y = H x`, H orthogonal; see :mod:`pyro.ops.haar`.

    Args:
        dim: the dimension along which a series lies, negative.
        flip: whether to reverse the series first, so that the end of the series gets the coefficient of its own.
        cache_size: how many results to keep, 0 or 1.

    Raises:
        AssertionError: if ``dim`` is not negative.

    Example:
        >>> import torch
        >>> HaarTransform()(torch.ones(4))
        tensor([2., 0., 0., 0.])
    """

    def __init__(self, dim: int = -1, flip: bool = False, cache_size: int = 0) -> None:
        super().__init__(check_dim("HaarTransform", dim, AssertionError), cache_size)
        self.flip = flip

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and (self.dim, self.flip) == (other.dim, other.flip)

    def _call(self, x: Tensor) -> Tensor:
        series = x.movedim(self.dim, -1)
        return haar_transform(series.flip(-1) if self.flip else series).movedim(-1, self.dim)

    def _inverse(self, y: Tensor) -> Tensor:
        series = inverse_haar_transform(y.movedim(self.dim, -1))
        return (series.flip(-1) if self.flip else series).movedim(-1, self.dim)
