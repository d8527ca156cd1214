"""Folded distribution: the absolute value of a draw from another distribution."""

from collections.abc import Sequence
from copy import copy
from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions.transforms import AbsTransform

from pyro.distributions import constraints
from pyro.distributions.transformed_distribution import TransformedDistribution

__all__ = ["FoldedDistribution"]


class FoldedDistribution(TransformedDistribution):
    r"""The distribution of the absolute value of a univariate draw with density q.

    .. math::
        p(x) = q(x) + q(-x)

    Args:
        base_dist: a continuous distribution over the real line, of event_shape ().
        validate_args: whether to check values; ``None`` follows the global flag.

    Shape:
        batch_shape is the base's, event_shape is ().

    Support:
        the positive reals.

    Raises:
        ValueError: if the base's events have dimensions.

    References:
        F. C. Leone, L. S. Nelson, R. B. Nottingham (1961), The folded normal distribution, Technometrics 3(4).

    Example:
        >>> from pyro.distributions.normal import Normal
        >>> FoldedDistribution(Normal(0.0, 1.0)).log_prob(torch.tensor(1.0))
        tensor(-0.7258)
    """

    support = constraints.positive

    def __init__(self, base_dist: Any, validate_args: bool | None = None) -> None:
        if base_dist.event_shape:
            raise ValueError("FoldedDistribution: expected a univariate base_dist, got event_shape "
                             f"{tuple(base_dist.event_shape)}. Call to_event on the folded distribution instead.")
        super().__init__(base_dist, AbsTransform(), validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: "FoldedDistribution | None" = None) -> "FoldedDistribution":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new = copy(self) if _instance is None else _instance
        new.base_dist = self.base_dist.expand(Size(batch_shape))
        torch.distributions.Distribution.__init__(new, Size(batch_shape), validate_args=False)
        new._validate_args = self._validate_args
        return new

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of values.

        Args:
            value: values, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        return torch.logaddexp(self.base_dist.log_prob(value), self.base_dist.log_prob(-value))

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        if self._validate_args:
            self._validate_sample(value)
        cdf: Tensor = self.base_dist.cdf(value) - self.base_dist.cdf(-value)
        return cdf
