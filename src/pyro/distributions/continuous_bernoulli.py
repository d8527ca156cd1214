"""Continuous Bernoulli distribution: Bernoulli's likelihood normalised over the unit interval."""

import torch
from torch import Tensor
from torch.distributions import constraints
from torch.distributions.utils import broadcast_all, clamp_probs

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["ContinuousBernoulli"]


class ContinuousBernoulli(Validated, torch.distributions.ContinuousBernoulli, TorchDistributionMixin):
    r"""Continuous Bernoulli distribution.

    .. math::
        p(x) = C(p)\, p^x (1 - p)^{1 - x}, \quad C(p) = \frac{2 \tanh^{-1}(1 - 2p)}{1 - 2p}, \quad C(1/2) = 2

    Args:
        probs: shape parameter :math:`p` in (0, 1), not the mean; give this or ``logits``, not both.
        logits: log-odds :math:`\log p - \log(1 - p)`.
        lims: where p lies between these, a Taylor series replaces C(p), which cancels near 1/2.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the unit interval.

    References:
        G. Loaiza-Ganem, J. P. Cunningham (2019), The continuous Bernoulli, https://arxiv.org/abs/1907.06845

    Example:
        >>> ContinuousBernoulli(0.5).log_prob(torch.tensor(0.3))
        tensor(0.)
    """

    def __init__(
        self,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(probs, logits, lims, validate_args=validate_args)
        if self._validate_args and probs is not None:  # as given, before they were clamped
            self._check_parameter("probs", constraints.unit_interval, torch.as_tensor(probs))

    def _construct(
        self, probs: Tensor | float | None, logits: Tensor | float | None, lims: tuple[float, float]
    ) -> None:
        # Torch's constructor checks the probabilities even if it is told not to.
        if probs is not None and logits is None:
            name, (parameter,) = "probs", map(clamp_probs, broadcast_all(probs))
        elif logits is not None and probs is None:
            name, (parameter,) = "logits", broadcast_all(logits)
        else:
            raise ValueError("ContinuousBernoulli: expected either probs or logits, and not both of them.")
        self.__dict__[name] = self._param = parameter
        self._lims = lims
        torch.distributions.Distribution.__init__(self, parameter.shape, validate_args=False)
