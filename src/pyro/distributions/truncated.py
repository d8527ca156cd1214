"""Truncated distributions, of the class that the bounds and the base call for.

Source: N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 13 and 17.
"""

from typing import Any

import torch
from torch import Tensor

from pyro.distributions.cauchy import Cauchy
from pyro.distributions.gamma import Gamma
from pyro.distributions.normal import Normal
from pyro.distributions.truncated_base import (
    LeftTruncatedDistribution,
    RightTruncatedDistribution,
    TwoSidedTruncatedDistribution,
)
from pyro.distributions.truncated_gamma import LeftTruncatedGamma, RightTruncatedGamma, TwoSidedTruncatedGamma

__all__ = ["LeftTruncatedDistribution", "LeftTruncatedGamma", "RightTruncatedDistribution", "RightTruncatedGamma",
           "TruncatedCauchy", "TruncatedDistribution", "TruncatedGamma", "TruncatedNormal",
           "TwoSidedTruncatedDistribution", "TwoSidedTruncatedGamma"]

_OTHER = (LeftTruncatedDistribution, RightTruncatedDistribution, TwoSidedTruncatedDistribution)
_GAMMA = (LeftTruncatedGamma, RightTruncatedGamma, TwoSidedTruncatedGamma)


def TruncatedDistribution(
    base_dist: Any,
    low: Tensor | float | None = None,
    high: Tensor | float | None = None,
    *,
    validate_args: bool | None = None,
) -> Any:
    """A distribution given that its value lies between the bounds that there are.

    Args:
        base_dist: a continuous, univariate distribution.
        low: lower bound, or none.
        high: upper bound, or none.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Returns:
        A distribution of the class for these bounds; the base itself if there are none.

    Example:
        >>> type(TruncatedDistribution(Normal(0.0, 1.0), high=0.0)).__name__
        'RightTruncatedDistribution'
    """
    left, right, both = _GAMMA if isinstance(base_dist, torch.distributions.Gamma) else _OTHER
    if low is not None and high is not None:
        return both(base_dist, low, high, validate_args=validate_args)
    if low is not None:
        return left(base_dist, low, validate_args=validate_args)
    return base_dist if high is None else right(base_dist, high, validate_args=validate_args)


def TruncatedNormal(
    loc: Tensor | float = 0.0,
    scale: Tensor | float = 1.0,
    *,
    low: Tensor | float | None = None,
    high: Tensor | float | None = None,
    validate_args: bool | None = None,
) -> Any:
    """A normal distribution between bounds.

    Args:
        loc: mean of the normal, before it is truncated.
        scale: its standard deviation, positive.
        low: lower bound, or none.
        high: upper bound, or none.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Returns:
        What :func:`TruncatedDistribution` gives for a normal distribution.

    Example:
        >>> TruncatedNormal(0.0, 1.0, low=30.0).log_prob(torch.tensor(30.1))
        tensor(0.3973)
    """
    return TruncatedDistribution(Normal(loc, scale, validate_args=validate_args), low, high,
                                 validate_args=validate_args)  # fmt: skip


def TruncatedCauchy(
    loc: Tensor | float = 0.0,
    scale: Tensor | float = 1.0,
    *,
    low: Tensor | float | None = None,
    high: Tensor | float | None = None,
    validate_args: bool | None = None,
) -> Any:
    """A Cauchy distribution between bounds.

    Args:
        loc: mode of the Cauchy.
        scale: its half width at half maximum, positive.
        low: lower bound, or none.
        high: upper bound, or none.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Returns:
        What :func:`TruncatedDistribution` gives for a Cauchy distribution.

    Example:
        >>> TruncatedCauchy(0.0, 1.0, low=0.0).cdf(torch.tensor(1.0))
        tensor(0.5000)
    """
    return TruncatedDistribution(Cauchy(loc, scale, validate_args=validate_args), low, high,
                                 validate_args=validate_args)  # fmt: skip


def TruncatedGamma(
    concentration: Tensor | float = 1.0,
    rate: Tensor | float = 1.0,
    *,
    low: Tensor | float | None = None,
    high: Tensor | float | None = None,
    validate_args: bool | None = None,
) -> Any:
    """A gamma distribution between bounds.

    Args:
        concentration: shape of the gamma, positive.
        rate: its rate, positive.
        low: lower bound, or none.
        high: upper bound, or none.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Returns:
        What :func:`TruncatedDistribution` gives for a gamma distribution.

    Example:
        >>> TruncatedGamma(2.0, 1.0, low=1.0).mean
        tensor(2.5000)
    """
    return TruncatedDistribution(Gamma(concentration, rate, validate_args=validate_args), low, high,
                                 validate_args=validate_args)  # fmt: skip
