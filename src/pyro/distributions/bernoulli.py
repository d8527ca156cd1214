"""Bernoulli distribution: one trial that succeeds or fails."""

import torch
from torch import Tensor
from torch.distributions.utils import broadcast_all
from torch.nn.functional import binary_cross_entropy_with_logits

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Bernoulli"]


class Bernoulli(Validated, torch.distributions.Bernoulli, TorchDistributionMixin):
    r"""Bernoulli distribution.

    .. math::
        p(x) = p^x (1 - p)^{1 - x}

    Args:
        probs: success probability :math:`p` in [0, 1]; give this or ``logits``, not both.
        logits: log-odds :math:`\log p - \log(1 - p)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        0.0 and 1.0.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 3.

    Example:
        >>> Bernoulli(0.25).log_prob(torch.tensor(1.0)).exp()
        tensor(0.2500)
    """

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(probs, logits, validate_args=validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        r"""The log probability of outcomes, :math:`x l - \log(1 + e^l)` with the log-odds l.

        Torch gets the log-odds from ``probs`` by six operations instead of one, and with fewer digits near one.

        Args:
            value: outcomes, broadcastable with batch_shape.

        Returns:
            Their log probabilities.
        """
        if self._validate_args:
            self._validate_sample(value)
        if "logits" in self.__dict__:
            logits = self.logits
        else:
            logits = torch.logit(self.probs, eps=torch.finfo(self.probs.dtype).eps)
        if not isinstance(value, Tensor) or value.shape != logits.shape:
            logits, value = broadcast_all(logits, value)
        return -binary_cross_entropy_with_logits(logits, value.to(logits.dtype), reduction="none")
