"""Logistic distribution: the real line's, whose cdf is the sigmoid."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions.utils import broadcast_all
from torch.nn.functional import logsigmoid

from pyro.distributions import constraints
from pyro.distributions.torch_distribution import TorchDistribution

__all__ = ["Logistic"]


class Logistic(TorchDistribution):
    r"""Logistic distribution.

    .. math::
        p(x) = \frac{e^{-z}}{\sigma (1 + e^{-z})^2}, \quad z = (x - \mu) / \sigma

    Args:
        loc: mean :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`; the standard deviation is :math:`\sigma \pi / \sqrt 3`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 23.

    Example:
        >>> Logistic(0.0, 1.0).log_prob(torch.tensor(0.0)).exp()
        tensor(0.2500)
    """

    has_rsample = True
    support = constraints.real
    arg_constraints = {"scale": constraints.positive, "loc": constraints.real}

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: "Logistic | None" = None) -> "Logistic":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: Logistic = self._get_checked_instance(Logistic, _instance)
        batch_shape = Size(batch_shape)
        new.loc, new.scale = self.loc.expand(batch_shape), self.scale.expand(batch_shape)
        super(Logistic, new).__init__(batch_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws values by the inverse of the cdf, with gradients to the parameters."""
        noise = torch.rand(self.shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        return self.icdf(noise.clamp(min=torch.finfo(noise.dtype).tiny))

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
        return logsigmoid(z) + logsigmoid(-z) - self.scale.log()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        if self._validate_args:
            self._validate_sample(value)
        return torch.sigmoid((value - self.loc) / self.scale)

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        return self.loc + self.scale * torch.logit(value)

    @property
    def mean(self) -> Tensor:
        """The mean, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variance, (scale * pi)^2 / 3."""
        return (self.scale * math.pi).square() / 3

    def entropy(self) -> Tensor:
        """The entropy, log(scale) + 2."""
        return self.scale.log() + 2
