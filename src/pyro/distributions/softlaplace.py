"""Soft Laplace distribution: exponential tails like the Laplace's, but smooth at its peak."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.nn.functional import logsigmoid

from pyro.distributions.location_scale import LocationScale

__all__ = ["SoftLaplace"]


class SoftLaplace(LocationScale):
    r"""Soft Laplace distribution, also known as the hyperbolic secant distribution; it is log-concave.

    .. math::
        p(x) = \frac{2}{\pi \sigma} \frac{1}{e^z + e^{-z}}, \quad z = (x - \mu) / \sigma

    Args:
        loc: mean :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`; the standard deviation is :math:`\sigma \pi / 2`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 23.

    Example:
        >>> SoftLaplace(0.0, 1.0).cdf(torch.tensor(0.0))
        tensor(0.5000)
    """

    def __init__(self, loc: Tensor | float, scale: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(loc=loc, scale=scale, validate_args=validate_args)

    def _log_standard(self, z: Tensor) -> Tensor:
        return logsigmoid(2 * z) - z + math.log(2 / math.pi)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws the logarithms of the tangents of angles from 0 to a right one, with gradients to the parameters."""
        info = torch.finfo(self.loc.dtype)
        angle = self.loc.new_empty(self.shape(sample_shape)).uniform_(info.tiny, math.pi / 2 * (1 - info.eps))
        return torch.addcmul(self.loc, self.scale, angle.tan().log())

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        if self._validate_args:
            self._validate_sample(value)
        z = self._standardized(value)
        tail = (2 / math.pi) * torch.atan((-z.abs()).exp())
        return torch.where(z < 0, tail, 1 - tail)

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        # The tangent of an angle near a right one has few digits, so the larger half is reflected.
        tail = torch.minimum(value, 1 - value)
        z = torch.tan((math.pi / 2) * tail).log()
        return self.loc + self.scale * torch.where(value < 0.5, z, -z)

    @property
    def mean(self) -> Tensor:
        """The mean, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variance, (scale * pi / 2)^2."""
        return ((math.pi / 2) * self.scale).square()
