"""Poisson distribution: how many events a Poisson process shows in a unit of time."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Poisson"]


class Poisson(Validated, torch.distributions.Poisson, TorchDistributionMixin):
    r"""Poisson distribution.

    .. math::
        p(x) = \lambda^x e^{-\lambda} / x!

    Args:
        rate: mean :math:`\lambda \ge 0`.
        is_sparse: whether most scored counts are zero. Then ``log_prob`` pays for logarithms of the others only, at
            the price of finding them, for which the host waits for the device.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``rate``, event_shape is ().

    Support:
        the nonnegative integers.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 4.

    Example:
        >>> Poisson(2.0).log_prob(torch.tensor(0.0))
        tensor(-2.)
    """

    def __init__(
        self, rate: Tensor | float, *, is_sparse: bool = False, validate_args: bool | None = None
    ) -> None:
        self.is_sparse = is_sparse
        super().__init__(rate, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: "Poisson | None" = None) -> "Poisson":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: Poisson = super().expand(batch_shape, _instance)  # type: ignore[no-untyped-call]
        new.is_sparse = self.is_sparse
        return new

    def log_prob(self, value: Tensor) -> Tensor:
        """The log probability of counts.

        Args:
            value: counts, broadcastable with batch_shape.

        Returns:
            Their log probabilities.
        """
        if not self.is_sparse:
            log_prob: Tensor = super().log_prob(value)  # type: ignore[no-untyped-call]
            return log_prob
        if self._validate_args:
            self._validate_sample(value)
        rate, value = torch.broadcast_tensors(self.rate, value)
        nonzero = value.nonzero(as_tuple=True)
        count = value[nonzero].to(rate.dtype)
        terms = count * rate[nonzero].log() - (count + 1).lgamma()
        sparse: Tensor = (-rate).index_put(nonzero, terms, accumulate=True)
        return sparse
