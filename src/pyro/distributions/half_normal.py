"""Half-normal distribution: the absolute value of a centred normal."""

import math

import torch
from torch import Tensor
from torch.distributions.transforms import AbsTransform

from pyro.distributions.normal import Normal
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["HalfNormal"]

_LOG_NORMALIZER = 0.5 * math.log(2 / math.pi)


class HalfNormal(Validated, torch.distributions.HalfNormal, TorchDistributionMixin):
    r"""Half-normal distribution.

    .. math::
        p(x) = \frac{\sqrt{2}}{\sigma \sqrt{\pi}} e^{-x^2 / 2 \sigma^2}

    Args:
        scale: standard deviation :math:`\sigma > 0` of the normal.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative reals.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 13.

    Example:
        >>> HalfNormal(1.0).mean
        tensor(0.7979)
    """

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(scale, validate_args=validate_args)

    def _construct(self, scale: Tensor | float) -> None:
        # The base is ours instead of torch's, so that a handler can sample it as a site of its own.
        base = Normal(0.0, scale, validate_args=False)
        torch.distributions.TransformedDistribution.__init__(self, base, AbsTransform(), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density, negative infinity below zero.

        Args:
            value: numbers, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        z = value / self.scale
        log_normalizer = torch.rsub(self.scale.log(), _LOG_NORMALIZER)
        return torch.addcmul(log_normalizer, z, z, value=-0.5).masked_fill(z < 0, -math.inf)
