"""Half-Cauchy distribution: the absolute value of a centred Cauchy."""

import math

import torch
from torch import Tensor
from torch.distributions.transforms import AbsTransform

from pyro.distributions.cauchy import Cauchy
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["HalfCauchy"]

_LOG_NORMALIZER = math.log(2 / math.pi)


class HalfCauchy(Validated, torch.distributions.HalfCauchy, TorchDistributionMixin):
    r"""Half-Cauchy distribution.

    .. math::
        p(x) = \frac{2}{\pi \sigma (1 + (x / \sigma)^2)}

    Args:
        scale: median :math:`\sigma > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative reals.

    References:
        A. Gelman (2006), Prior distributions for variance parameters in hierarchical models, Bayesian
        Analysis 1(3).

    Example:
        >>> HalfCauchy(1.0).cdf(torch.tensor(1.0))
        tensor(0.5000)
    """

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(scale, validate_args=validate_args)

    def _construct(self, scale: Tensor | float) -> None:
        # The base is ours instead of torch's, so that a handler can sample it as a site of its own.
        base = Cauchy(0.0, scale, validate_args=False)
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
        return (log_normalizer - z.square().log1p()).masked_fill(z < 0, -math.inf)
