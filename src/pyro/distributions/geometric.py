"""Geometric distribution: failures before the first success."""

import torch
from torch import Tensor
from torch.distributions import constraints
from torch.nn.functional import softplus

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Geometric"]


class Geometric(Validated, torch.distributions.Geometric, TorchDistributionMixin):
    r"""Geometric distribution.

    .. math::
        p(x) = (1 - p)^x p

    Args:
        probs: success probability :math:`p` in (0, 1]; give this or ``logits``, not both.
        logits: log-odds :math:`\log p - \log(1 - p)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of the parameter, event_shape is ().

    Support:
        the nonnegative integers.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 5.

    Example:
        >>> Geometric(0.5).log_prob(torch.tensor(1.0)).exp()
        tensor(0.2500)
    """

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(probs, logits, validate_args=validate_args)

    def _validate_parameters(self) -> None:
        super()._validate_parameters()
        if "probs" in self.__dict__:
            self._check_parameter("probs", constraints.positive, self.probs)

    def log_prob(self, value: Tensor) -> Tensor:
        r"""The log probability of counts, from the log-odds l: :math:`-x \log(1 + e^l) - \log(1 + e^{-l})`.

        It stays finite, with finite gradients, where p rounds to zero or one.

        Args:
            value: counts, broadcastable with batch_shape.

        Returns:
            Their log probabilities.
        """
        if self._validate_args:
            self._validate_sample(value)
        return -value * softplus(self.logits) - softplus(-self.logits)
