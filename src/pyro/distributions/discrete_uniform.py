"""Discrete uniform distribution: whole numbers in a range, each as probable as any other."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric

__all__ = ["DiscreteUniform"]


class DiscreteUniform(Parametric):
    r"""Uniform distribution over the whole numbers of a range.

    .. math::
        p(x) = 1 / (b - a + 1)

    Args:
        low: least number :math:`a`.
        high: greatest number :math:`b \ge a`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the integers from ``low`` to ``high``.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 6.

    Example:
        >>> DiscreteUniform(1, 6).mean
        tensor(3.5000)
    """

    has_enumerate_support = True
    arg_constraints = {"low": constraints.dependent(is_discrete=True, event_dim=0),
                       "high": constraints.dependent(is_discrete=True, event_dim=0)}
    low: Tensor
    high: Tensor

    def __init__(
        self, low: Tensor | float = 0, high: Tensor | float = 1, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(low=_floating(low), high=_floating(high), validate_args=validate_args)

    def _validate_parameters(self) -> None:
        self._check_parameter("low", constraints.integer, self.low)
        self._check_parameter("high", constraints.integer, self.high)
        self._check_parameter("high", constraints.greater_than_eq(self.low), self.high)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> constraints.Constraint:
        """The integers from ``low`` to ``high``."""
        return constraints.integer_interval(self.low, self.high)

    @property
    def _count(self) -> Tensor:
        """How many numbers there are."""
        return self.high - self.low + 1

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws whole numbers.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Draws of shape sample_shape + batch_shape.
        """
        with torch.no_grad():
            noise = torch.rand(self.shape(sample_shape), dtype=self.low.dtype, device=self.low.device)
            # rounding of the product may reach the count itself
            return torch.minimum(self.low + (noise * self._count).floor(), self.high)

    def _log_density(self, value: Tensor) -> Tensor:
        """The log probability of numbers, the same for all."""
        return -self._count.log() + torch.zeros_like(value)

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        return ((value.floor() - self.low + 1) / self._count).clamp(0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        """The least number whose cdf is at least the value."""
        steps = value * self._count
        below = (steps * (1 - 4 * torch.finfo(steps.dtype).eps)).ceil() - 1  # a rounded cdf goes back to its number
        return torch.minimum(self.low + below.clamp(min=0), self.high)

    @property
    def mean(self) -> Tensor:
        """The mean, (low + high) / 2."""
        return (self.low + self.high) / 2

    @property
    def variance(self) -> Tensor:
        """The variance, (n^2 - 1) / 12 for n numbers."""
        return (self._count.square() - 1) / 12

    def entropy(self) -> Tensor:
        """The entropy, log n for n numbers."""
        return self._count.log()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Lists the numbers along a new leftmost dimension.

        Args:
            expand: whether to expand them over the batch shape.

        Returns:
            The numbers from ``low`` to ``high``.

        Raises:
            NotImplementedError: if the batch has different ranges.
        """
        low, high = self.low.min(), self.high.max()
        if not (bool((self.low == low).all()) and bool((self.high == high).all())):
            raise NotImplementedError("DiscreteUniform.enumerate_support: the batch has different ranges. Use ranges "
                                      "that are the same throughout, or mask the numbers that some do not have.")
        numbers = torch.arange(int(low), int(high) + 1, dtype=self.low.dtype, device=self.low.device)
        numbers = numbers.reshape((-1,) + (1,) * len(self.batch_shape))
        return numbers.expand((-1,) + self.batch_shape) if expand else numbers


def _floating(end: Tensor | float) -> Tensor | float:
    """Draws are floating, whatever the ends are."""
    is_whole = isinstance(end, Tensor) and not end.is_floating_point()
    return torch.as_tensor(end, dtype=torch.get_default_dtype()) if is_whole else end
