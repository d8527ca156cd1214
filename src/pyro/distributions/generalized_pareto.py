"""Generalised Pareto distribution: the excess over a high threshold."""

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Validated, torch.distributions.GeneralizedPareto, TorchDistributionMixin):
    r"""Generalised Pareto distribution.

    .. math::
        p(x) = \frac{1}{\sigma} (1 + \xi z)^{-1/\xi - 1}, \quad z = (x - \mu) / \sigma,
            \quad p(x) = e^{-z} / \sigma \text{ at } \xi = 0

    Args:
        loc: threshold :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`.
        concentration: tail index :math:`\xi`, real; heavy tails where positive, a bounded range where
            negative.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        from :math:`\mu` upwards, up to :math:`\mu - \sigma / \xi` where :math:`\xi < 0`.

    References:
        J. Pickands (1975), Statistical inference using extreme order statistics, Annals of Statistics 3(1).

    Example:
        >>> GeneralizedPareto(0.0, 1.0, 0.5).mean
        tensor(2.)
    """

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        concentration: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(loc, scale, concentration, validate_args=validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of excesses.

        Args:
            value: numbers in the support, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        return -self.scale.log() - (1 + self.concentration) * self._hazard(value)

    def log_survival_function(self, value: Tensor) -> Tensor:
        """The log probability of a larger value.

        Args:
            value: numbers in the support, broadcastable with batch_shape.

        Returns:
            Their log probabilities of being exceeded.
        """
        if self._validate_args:
            self._validate_sample(value)
        return -self._hazard(value)

    def _hazard(self, value: Tensor) -> Tensor:
        r"""The cumulative hazard :math:`\log(1 + \xi z) / \xi`, or its Taylor series at :math:`\xi = 0`."""
        z = (value - self.loc) / self.scale
        is_zero = self.concentration == 0
        nonzero = torch.where(is_zero, 1.0, self.concentration)
        return torch.where(is_zero, z - self.concentration * z**2 / 2, torch.log1p(nonzero * z) / nonzero)
