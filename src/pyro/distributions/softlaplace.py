"""Soft Laplace distribution: exponential tails like the Laplace's, but smooth at its peak."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric

__all__ = ["SoftLaplace"]


class SoftLaplace(Parametric):
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

    has_rsample = True
    support = constraints.real
    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Tensor | float, scale: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(loc=loc, scale=scale, validate_args=validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of values.

        Args:
            value: values, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        return math.log(2 / math.pi) - self.scale.log() - torch.logaddexp(z, -z)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws values by the inverse of the cdf, with gradients to the parameters."""
        noise = torch.rand(self.shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        return self.icdf(noise.clamp(min=torch.finfo(noise.dtype).tiny))

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
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
