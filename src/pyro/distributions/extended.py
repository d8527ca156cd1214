"""Binomial families that score any integer: those that cannot occur have probability zero instead of being refused.

Source: models with latent counts, such as compartments of an epidemic, propose transitions that exceed a compartment.
A total count may be negative too; then nothing can occur.
"""

from typing import Any

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.beta_binomial import BetaBinomial
from pyro.distributions.binomial import Binomial
from pyro.distributions.torch_distribution import TorchDistributionMixin

__all__ = ["ExtendedBetaBinomial", "ExtendedBinomial"]


class _Extended(TorchDistributionMixin):
    """Scores counts from 0 to ``total_count`` by the family; stands before it among the bases of a class."""

    total_count: Tensor
    _validate_args: bool
    _validate_sample: Any

    def _of_total_count(self, total_count: Tensor) -> Any:
        """The family's distribution with the same parameters and another total count."""
        raise NotImplementedError

    def log_prob(self, value: Tensor) -> Tensor:
        """The log probability of integers.

        Args:
            value: integers, broadcastable with batch_shape.

        Returns:
            Their log probabilities, minus infinity for those below 0 or above ``total_count``.
        """
        if self._validate_args:
            self._validate_sample(value)
        possible = (value >= 0) & (value <= self.total_count)
        # zero successes in at least zero trials can be scored, so that no gradient is NaN
        log_prob: Tensor = self._of_total_count(self.total_count.clamp(min=0)).log_prob(torch.where(possible, value, 0))
        return torch.where(possible, log_prob, -torch.inf)


class ExtendedBinomial(_Extended, Binomial):
    r"""Binomial distribution that gives integers outside of 0, ..., n the probability zero.

    .. math::
        p(x) = \binom{n}{x} p^x (1 - p)^{n - x} \text{ for } 0 \le x \le n, \text{ else } 0

    Args:
        total_count: number of trials :math:`n`, an integer of any sign.
        probs: success probability :math:`p` in [0, 1]; give this or ``logits``, not both.
        logits: log-odds :math:`\log p - \log(1 - p)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the integers.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 3.

    Example:
        >>> ExtendedBinomial(4, torch.tensor(0.25)).log_prob(torch.tensor(5.0))
        tensor(-inf)
    """

    arg_constraints = {**Binomial.arg_constraints, "total_count": constraints.integer}
    support = constraints.integer

    def _of_total_count(self, total_count: Tensor) -> Binomial:
        return Binomial(total_count, logits=self.logits, validate_args=False)


class ExtendedBetaBinomial(_Extended, BetaBinomial):
    r"""Beta-binomial distribution that gives integers outside of 0, ..., n the probability zero.

    .. math::
        p(x) = \binom{n}{x} \frac{B(a + x, b + n - x)}{B(a, b)} \text{ for } 0 \le x \le n, \text{ else } 0

    Args:
        concentration1: first shape :math:`a > 0` of the Beta.
        concentration0: second shape :math:`b > 0` of the Beta.
        total_count: number of trials :math:`n`, an integer of any sign.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the integers.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 6.

    Example:
        >>> ExtendedBetaBinomial(1.0, 1.0, 4).log_prob(torch.tensor(-1.0))
        tensor(-inf)
    """

    arg_constraints = {**BetaBinomial.arg_constraints, "total_count": constraints.integer}
    support = constraints.integer

    def _of_total_count(self, total_count: Tensor) -> BetaBinomial:
        return BetaBinomial(self.concentration1, self.concentration0, total_count, validate_args=False)
