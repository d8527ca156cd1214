"""Truncated gamma distributions: the cases of :mod:`pyro.distributions.truncated_base` for a gamma, whose bounds are
not negative.

Source: N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 17.
"""

from typing import Any

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.truncated_base import (
    LeftTruncatedDistribution,
    RightTruncatedDistribution,
    TwoSidedTruncatedDistribution,
)

__all__ = ["LeftTruncatedGamma", "RightTruncatedGamma", "TwoSidedTruncatedGamma"]


class LeftTruncatedGamma(LeftTruncatedDistribution):
    """A gamma distribution given that its value is not below a bound; see :class:`LeftTruncatedDistribution`.

    Args:
        base_dist: the gamma distribution.
        low: lower bound, at least zero.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> from pyro.distributions.gamma import Gamma
        >>> LeftTruncatedGamma(Gamma(1.0, 1.0), low=100.0).mean
        tensor(101.0000)
    """

    _base_family = torch.distributions.Gamma
    arg_constraints = {"low": constraints.nonnegative}


class RightTruncatedGamma(RightTruncatedDistribution):
    """A gamma distribution given that its value is not above a bound; see :class:`RightTruncatedDistribution`.

    Args:
        base_dist: the gamma distribution.
        high: upper bound, greater than zero.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> from pyro.distributions.gamma import Gamma
        >>> RightTruncatedGamma(Gamma(1.0, 1.0), high=1.0).cdf(torch.tensor(1.0))
        tensor(1.)
    """

    _base_family = torch.distributions.Gamma
    arg_constraints = {"high": constraints.positive}

    def __init__(self, base_dist: Any, high: Tensor | float = 1.0, *, validate_args: bool | None = None) -> None:
        super().__init__(base_dist, high, validate_args=validate_args)


class TwoSidedTruncatedGamma(TwoSidedTruncatedDistribution):
    """A gamma distribution given that its value lies between bounds; see :class:`TwoSidedTruncatedDistribution`.

    Args:
        base_dist: the gamma distribution.
        low: lower bound, at least zero.
        high: upper bound, greater than ``low``.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> from pyro.distributions.gamma import Gamma
        >>> TwoSidedTruncatedGamma(Gamma(1.0, 1.0), low=1.0, high=2.0).cdf(torch.tensor(1.0))
        tensor(0.)
    """

    _base_family = torch.distributions.Gamma
    arg_constraints = {"low": constraints.nonnegative, "high": constraints.positive}
