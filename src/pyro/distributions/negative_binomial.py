"""Negative binomial distribution: successes before a given number of failures."""

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["NegativeBinomial"]


class NegativeBinomial(Validated, torch.distributions.NegativeBinomial, TorchDistributionMixin):
    r"""Negative binomial distribution.

    .. math::
        p(x) = \frac{\Gamma(r + x)}{x!\, \Gamma(r)} (1 - p)^r p^x

    Args:
        total_count: number of failures :math:`r \ge 0` to stop at, not necessarily whole.
        probs: success probability :math:`p` in [0, 1); give this or ``logits``, not both.
        logits: log-odds :math:`\log p - \log(1 - p)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative integers.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 5.

    Example:
        >>> NegativeBinomial(torch.tensor(3.0), probs=torch.tensor(0.5)).mean
        tensor(3.)
    """

    def __init__(
        self,
        total_count: Tensor | float,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(total_count, probs, logits, validate_args=validate_args)
