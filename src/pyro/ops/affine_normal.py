"""Conditional densities of vectors that depend linearly on others, with independent normal noise."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions.utils import lazy_property

from pyro.ops.batched import Batched
from pyro.ops.gaussian_factor import Gaussian
from pyro.ops.tensor_utils import matvecmul

__all__ = ["AffineNormal", "log_peak"]


class AffineNormal(Batched):
    r"""The conditional density of :math:`y = x A + \mu + \sigma \epsilon`, with independent standard normal noise.

    It is the same as a :class:`Gaussian` of :math:`(x, y)`, but cheaper to condition.

    Args:
        matrix: :math:`A`, shape batch_shape + (n, m).
        loc: :math:`\mu`, shape batch_shape + (m,).
        scale: :math:`\sigma`, shape batch_shape + (m,).
    """

    event_dims = {"matrix": 2, "loc": 1, "scale": 1}
    matrix: Tensor
    loc: Tensor
    scale: Tensor

    def __init__(self, matrix: Tensor, loc: Tensor, scale: Tensor) -> None:
        super().__init__(matrix, loc, scale)

    @lazy_property
    def _gaussian(self) -> Gaussian:
        weights = self.matrix / self.scale[..., None, :]
        joint = torch.cat([-weights, self.scale.reciprocal().diag_embed().expand(
            weights.shape[:-2] + (self.scale.size(-1),) * 2)], -2)
        white = self.loc / self.scale
        return Gaussian(log_peak(self.scale) - 0.5 * white.square().sum(-1), matvecmul(joint, white),
                        joint @ joint.mT)

    def to_gaussian(self) -> Gaussian:
        """The same factor in natural form."""
        gaussian: Gaussian = self._gaussian
        return gaussian

    def __add__(self, other: Any) -> Gaussian:
        """The product with another factor of the same coordinates, or with the exponential of a number."""
        return self.to_gaussian() + (other.to_gaussian() if isinstance(other, AffineNormal) else other)

    __radd__ = __add__

    def event_permute(self, perm: Tensor) -> Gaussian:
        """Reorders coordinates; see :meth:`Quadratic.event_permute`."""
        return self.to_gaussian().event_permute(perm)

    def condition(self, value: Tensor) -> Gaussian:
        """Fixes the rightmost coordinates, all of y or some.

        Args:
            value: their values.

        Returns:
            The factor of the others.
        """
        if value.size(-1) != self.loc.size(-1):
            return self.to_gaussian().condition(value)
        weights = self.matrix / self.scale[..., None, :]
        residual = (value - self.loc) / self.scale
        return Gaussian(log_peak(self.scale) - 0.5 * residual.square().sum(-1), matvecmul(weights, residual),
                        weights @ weights.mT)

    def left_condition(self, value: Tensor) -> "AffineNormal | Gaussian":
        """Fixes the leftmost coordinates, all of x or some.

        Args:
            value: their values.

        Returns:
            The factor of the others; where it is that of y, in the form of this class.
        """
        if value.size(-1) != self.matrix.size(-2):
            return self.to_gaussian().left_condition(value)
        loc = matvecmul(self.matrix.mT, value) + self.loc
        return AffineNormal(self.matrix[..., :0, :], loc, self.scale)

    def rsample(self, sample_shape: Sequence[int] = Size(), noise: Tensor | None = None) -> Tensor:
        """Draws y, where x has no coordinates.

        Args:
            sample_shape: shape of independent draws.
            noise: standard normal numbers to use, of the result's shape.

        Returns:
            Draws of shape sample_shape + batch_shape + (m,).

        Raises:
            NotImplementedError: if x has coordinates.
        """
        if self.matrix.size(-2):
            raise NotImplementedError(f"Draws of y depend on x, which has {self.matrix.size(-2)} coordinates. Fix it "
                                      "with left_condition().")
        shape = Size(sample_shape) + self.batch_shape + self.loc.shape[-1:]
        if noise is None:
            noise = torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + self.scale * noise

    def marginalize(self, left: int = 0, right: int = 0) -> Gaussian:
        """Integrates coordinates out; see :meth:`Gaussian.marginalize`. All of y together integrate to one."""
        if left == 0 and right == self.loc.size(-1):
            n = self.matrix.size(-2)
            zeros = self.loc.new_zeros(self.batch_shape + (n, n))
            return Gaussian(zeros.sum((-2, -1)), zeros.sum(-1), zeros)
        return self.to_gaussian().marginalize(left, right)


def log_peak(scale: Tensor) -> Tensor:
    """The log density of independent normals at their means.

    Args:
        scale: their standard deviations, the last dimension.

    Returns:
        Its sum over that dimension.
    """
    return -0.5 * math.log(2 * math.pi) * scale.size(-1) - scale.log().sum(-1)
