"""Binomial distribution: successes in a number of trials.

Two settings trade accuracy for time where counts are large: ``binomial_approx_sample_thresh`` bounds the trials that
are simulated exactly, ``binomial_approx_log_prob_tol`` is the absolute error that a log probability may have.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import softplus

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated
from pyro.ops.special import log_binomial
from pyro.settings import values

__all__ = ["Binomial"]


class Binomial(Validated, torch.distributions.Binomial, TorchDistributionMixin):
    r"""Binomial distribution.

    .. math::
        p(x) = \binom{n}{x} p^x (1 - p)^{n - x}

    Args:
        total_count: number of trials :math:`n`.
        probs: success probability :math:`p` in [0, 1]; give this or ``logits``, not both.
        logits: log-odds :math:`\log p - \log(1 - p)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the integers 0, ..., ``total_count``.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 3.

    Example:
        >>> Binomial(4, torch.tensor(0.25)).mean
        tensor(1.)
    """

    def __init__(
        self,
        total_count: Tensor | float = 1,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(total_count, probs, logits, validate_args=validate_args)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws counts; approximately where ``total_count`` exceeds ``binomial_approx_sample_thresh``.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Draws of shape sample_shape + batch_shape.
        """
        threshold = values.binomial_approx_sample_thresh
        if threshold == math.inf:
            draws: Tensor = super().sample(torch.Size(sample_shape))  # type: ignore[no-untyped-call]
            return draws
        with torch.no_grad():
            shape = self._extended_shape(torch.Size(sample_shape))
            n, p = self.total_count.expand(shape), self.probs.expand(shape)
            exact = torch.binomial(n.clamp(max=threshold), p)
            return torch.where(n > threshold, _sample_translated_poisson(n, p), exact)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log probability of counts, with an error of at most ``binomial_approx_log_prob_tol``.

        Args:
            value: counts, broadcastable with batch_shape.

        Returns:
            Their log probabilities.
        """
        tol = values.binomial_approx_log_prob_tol
        if tol == 0:
            log_prob: Tensor = super().log_prob(value)  # type: ignore[no-untyped-call]
            return log_prob
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        return log_binomial(n, value, tol=tol) - value * softplus(-logits) - (n - value) * softplus(logits)


def _sample_translated_poisson(n: Tensor, p: Tensor) -> Tensor:
    """Draws a whole number plus a Poisson with a binomial's mean, and its variance up to 1/2.

    The limit is Poisson where p or 1 - p is small and normal where the variance is large. See A. Röllin (2007),
    Translated Poisson approximation using exchangeable pair couplings, Annals of Applied Probability 17(5/6).
    """
    q = torch.minimum(p, 1 - p)
    shift = (n * q * q).round()
    count = torch.minimum(shift + torch.poisson(n * q - shift), n)
    return torch.where(p > 0.5, n - count, count)
