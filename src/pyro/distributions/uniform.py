"""Uniform distribution over an interval."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions import constraints

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.util import broadcast_shape
from pyro.distributions.validated import Validated
from pyro.ops.validation import surely_all

__all__ = ["Uniform"]


class Uniform(Validated, torch.distributions.Uniform, TorchDistributionMixin):
    r"""Uniform distribution over an interval.

    .. math::
        p(x) = 1 / (b - a)

    Args:
        low: lower end :math:`a`.
        high: upper end :math:`b > a`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the interval from ``low`` to ``high``; the density of ``high`` itself is zero.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 26.

    Example:
        >>> Uniform(0.0, 4.0).log_prob(torch.tensor(1.0)).exp()
        tensor(0.2500)
    """

    def __init__(self, low: Tensor | float, high: Tensor | float, validate_args: bool | None = None) -> None:
        # As given, before they are broadcast: a support with scalar ends is one that every batch element shares.
        self._low, self._high = low, high
        super().__init__(low, high, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: "Uniform | None" = None) -> "Uniform":
        """Expands the batch shape; the support keeps its ends as they were given.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: Uniform = super().expand(batch_shape, _instance)  # type: ignore[no-untyped-call]
        new._low, new._high = self._low, self._high
        return new

    def _validate_parameters(self) -> None:
        # One comparison; the constraints of both ends say the same.
        ok = self.low < self.high
        if not surely_all(ok):
            self._check_parameter("low", constraints.less_than(self.high), self.low)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        """The interval from ``low`` to ``high``."""
        return constraints.interval(self._low, self._high)

    @staticmethod
    def infer_shapes(low: tuple[int, ...], high: tuple[int, ...]) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            low: shape of ``low``.
            high: shape of ``high``.

        Returns:
            batch_shape and event_shape.
        """
        return Size(broadcast_shape(low, high)), Size()
