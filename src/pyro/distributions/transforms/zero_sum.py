"""Transform onto arrays that sum to zero."""

import math
from collections.abc import Sequence
from typing import Self

import torch
from torch import Size, Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints

__all__ = ["ZeroSumTransform"]


class ZeroSumTransform(Transform):
    r"""Maps arrays to those with one more element along each dimension that sum to zero along each.

    A vector of n - 1 numbers is put into the first n - 1 of n places, with zero in the last. The reflection that takes
    the last unit vector to :math:`(1, \dots, 1) / \sqrt n` then makes it orthogonal to that:

    .. math::
        y_i = x_i - m \; (i < n), \qquad y_n = -\tfrac{1}{\sqrt n} \sum_i x_i, \qquad
        m = \frac{\sum_i x_i}{n + \sqrt n}

    It keeps distances, so volumes do not change. Several dimensions are mapped one after the other.

    Args:
        transform_ndims: how many dimensions, counted from the right, to map.
        cache_size: how many results to keep, 0 or 1.

    Example:
        >>> ZeroSumTransform()(torch.tensor([1.0, 2.0, 3.0]))
        tensor([ 0.,  1.,  2., -3.])
    """

    bijective = True

    def __init__(self, transform_ndims: int = 1, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.transform_ndims = transform_ndims

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> constraints.Constraint:
        """Real arrays."""
        return constraints.independent(constraints.real, self.transform_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> constraints.Constraint:
        """Arrays that sum to zero along each dimension."""
        return constraints.zero_sum(self.transform_ndims)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZeroSumTransform) and self.transform_ndims == other.transform_ndims

    def with_cache(self, cache_size: int = 1) -> Self:
        """The same transform with another cache size."""
        if self._cache_size == cache_size:
            return self
        return type(self)(self.transform_ndims, cache_size=cache_size)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """The shape of results from that of arguments."""
        return self._resized(shape, 1)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        """The shape of arguments from that of results."""
        return self._resized(shape, -1)

    def _resized(self, shape: Sequence[int], by: int) -> Size:
        batch = len(shape) - self.transform_ndims
        return Size([*shape[:batch], *(size + by for size in shape[batch:])])

    def _call(self, x: Tensor) -> Tensor:
        for dim in range(-self.transform_ndims, 0):
            root = math.sqrt(x.shape[dim] + 1)
            total = x.sum(dim, keepdim=True)
            x = torch.cat([x - total / (root * (root + 1)), -total / root], dim)
        return x

    def _inverse(self, y: Tensor) -> Tensor:
        for dim in range(-self.transform_ndims, 0):
            size = y.shape[dim]
            y = y.narrow(dim, 0, size - 1) - y.narrow(dim, size - 1, 1) / (math.sqrt(size) + 1)
        return y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the change of volume: zero."""
        return x.new_zeros(x.shape[: x.dim() - self.transform_ndims])
