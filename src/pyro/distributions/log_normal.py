"""Log-normal distribution: the exponential of a normal."""

import torch
from torch import Tensor
from torch.distributions.transforms import ExpTransform

from pyro.distributions.normal import Normal
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["LogNormal"]


class LogNormal(Validated, torch.distributions.LogNormal, TorchDistributionMixin):
    r"""Log-normal distribution.

    .. math::
        p(x) = \frac{1}{x \sigma \sqrt{2 \pi}} e^{-(\log x - \mu)^2 / 2 \sigma^2}

    Args:
        loc: mean :math:`\mu` of log x, real.
        scale: standard deviation :math:`\sigma > 0` of log x.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the positive reals.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 14.

    Example:
        >>> LogNormal(0.0, 1.0).mean
        tensor(1.6487)
    """

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)

    def _construct(self, loc: Tensor | float, scale: Tensor | float) -> None:
        # The base is ours instead of torch's, so that a handler can sample it as a site of its own.
        base = Normal(loc, scale, validate_args=False)
        torch.distributions.TransformedDistribution.__init__(self, base, ExpTransform(), validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density, that of log x less log x.

        Args:
            value: positive numbers, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        log_value = value.log()
        log_prob: Tensor = self.base_dist.log_prob(log_value) - log_value
        return log_prob
