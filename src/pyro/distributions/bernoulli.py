"""Bernoulli distribution: one trial that succeeds or fails."""

import torch
from torch import Tensor
from torch.distributions.utils import clamp_probs
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits

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
        """The log density, from ``probs`` or from ``logits``, whichever the distribution was made of.

        Torch turns probabilities into logits first, which costs operations, and digits near one.
        """
        if self._validate_args:
            self._validate_sample(value)
        by_logits = "logits" in self.__dict__
        parameter = self.logits if by_logits else clamp_probs(self.probs)
        if value.shape != parameter.shape:
            parameter, value = torch.broadcast_tensors(parameter, value)
        cross_entropy = binary_cross_entropy_with_logits if by_logits else binary_cross_entropy
        return -cross_entropy(parameter, value.to(parameter.dtype), reduction="none")
