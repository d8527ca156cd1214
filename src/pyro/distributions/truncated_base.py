r"""Truncated distributions: another distribution, given that its value lies between bounds.

.. math::
    p(x) = \frac{q(x)}{F(b) - F(a)}, \quad a \le x \le b

All probabilities are logarithms of the tail that is small (:mod:`pyro.distributions.tails`), so bounds may lie any
number of standard deviations out. Draws invert the cdf and have gradients to the bounds and to the parameters of the
base. Moments are integrals of the quantile function, by the tanh-sinh rule.

Source: N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 13 and 17.
"""

import math
from typing import Any, ClassVar

import torch
from torch import Size, Tensor
from torch.nn.functional import softplus

from pyro.distributions import constraints
from pyro.distributions.inverse_cdf import InverseCdf
from pyro.distributions.tails import tails
from pyro.distributions.wrapped import Wrapped
from pyro.ops.log_space import log_diff_exp

__all__ = ["LeftTruncatedDistribution", "RightTruncatedDistribution", "TwoSidedTruncatedDistribution"]

_LOG_HALF = -math.log(2)
_REACH, _NODES = 4.5, 61
"""Of the tanh-sinh rule: the nodes next to both ends have probability exp(-pi sinh(reach)), about 1e-61."""


class _Truncated(Wrapped, InverseCdf):
    """What the cases share. Each names its bounds in ``arg_constraints``; the one that it lacks is ``None``."""

    _base_family: ClassVar[type[torch.distributions.Distribution]] = torch.distributions.Distribution

    def __init__(self, base_dist: Any, *, validate_args: bool | None = None, **bounds: Tensor | float) -> None:
        is_known = isinstance(base_dist, self._base_family)
        if not is_known or base_dist.support.is_discrete:
            raise TypeError(f"{type(self).__name__}: expected a continuous {self._base_family.__name__} as base_dist, "
                            f"got a {type(base_dist).__name__}.")
        super().__init__(base_dist, validate_args=validate_args, **bounds)

    def _bounds(self) -> tuple[Tensor | None, Tensor | None]:
        return getattr(self, "low", None), getattr(self, "high", None)

    def _validate_parameters(self) -> None:
        super()._validate_parameters()
        low, high = self._bounds()
        if low is not None and high is not None:
            self._check_parameter("high", constraints.greater_than(low), high)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        """From the lower to the upper bound; where there is none, to the end of the base's support."""
        low, high = self._bounds()
        whole = self.base_dist.support
        low = getattr(whole, "lower_bound", None) if low is None else low
        high = getattr(whole, "upper_bound", None) if high is None else high
        if high is None:
            return constraints.greater_than_eq(low)
        return constraints.less_than_eq(high) if low is None else constraints.interval(low, high)

    def _log_ends(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Log cdf and log survival of the base at the lower bound, and at the upper one."""
        law = tails(self.base_dist)
        low, high = self._bounds()
        certain = torch.zeros_like(getattr(self, next(iter(self.arg_constraints))))
        never = torch.full_like(certain, -math.inf)
        below, above = (never, certain) if low is None else law.both(low)
        inside, outside = (certain, never) if high is None else law.both(high)
        return below, above, inside, outside

    def _log_density(self, value: Tensor) -> Tensor:
        log_prob: Tensor = self.base_dist.log_prob(self._clamped(value)) - _log_between(*self._log_ends())
        return torch.where(self._clamped(value) == value, log_prob, -math.inf)

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        value = self._clamped(value)
        law = tails(self.base_dist)
        below, above, inside, outside = self._log_ends()
        log_part = _log_between(below, above, *law.both(value))
        return (log_part - _log_between(below, above, inside, outside)).exp()

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        below, above, inside, outside = self._log_ends()
        log_share, log_rest = value.log(), (-value).log1p()
        log_p = torch.logaddexp(below + log_rest, inside + log_share)
        log_q = torch.logaddexp(above + log_rest, outside + log_share)
        return self._clamped(tails(self.base_dist).quantile(log_p, log_q))

    def _clamped(self, value: Tensor) -> Tensor:
        low, high = self._bounds()
        value = value if low is None else torch.maximum(value, low)
        return value if high is None else torch.minimum(value, high)

    @property
    def mean(self) -> Tensor:
        """The mean; infinite where a tail that is left is too heavy."""
        quantiles, weights = self._quantile_rule()
        mean = (weights * quantiles).sum(0)
        return mean if self._is_bounded() else torch.where(self.base_dist.mean.isfinite(), mean, self._far_end())

    @property
    def variance(self) -> Tensor:
        """The variance; infinite where a tail that is left is too heavy."""
        quantiles, weights = self._quantile_rule()
        mean = (weights * quantiles).sum(0)
        variance = (weights * (quantiles - mean).square()).sum(0)
        return variance if self._is_bounded() else torch.where(self.base_dist.variance.isfinite(), variance, math.inf)

    def _is_bounded(self) -> bool:
        return hasattr(self.support, "lower_bound") and hasattr(self.support, "upper_bound")

    def _far_end(self) -> float:
        return math.inf if self._bounds()[1] is None else -math.inf

    def _quantile_rule(self) -> tuple[Tensor, Tensor]:
        """Quantiles and their probabilities, which sum to one, along a new leftmost dimension.

        The rule is applied on either side of the base's median, where some densities have a kink.
        """
        ends = self._log_ends()
        below, above, inside, outside = ends
        log_mass = _log_between(*ends)
        tau = torch.linspace(-_REACH, _REACH, _NODES, dtype=log_mass.dtype, device=log_mass.device)
        tau = tau.reshape((-1,) + (1,) * log_mass.dim())
        log_odds = math.pi * torch.sinh(tau)
        log_share, log_rest = -softplus(-log_odds), -softplus(log_odds)
        log_weight = log_share + log_rest + torch.cosh(tau).log() + math.log(math.pi * 2 * _REACH / (_NODES - 1))
        law = tails(self.base_dist.expand(Size([_NODES]) + self.batch_shape))
        quantiles, weights = [], []
        for start, stop, quantile in ((below, inside, law.lower), (outside, above, law.upper)):
            stop = stop.clamp(max=_LOG_HALF)
            start = torch.minimum(start, stop)
            quantiles.append(self._clamped(quantile(torch.logaddexp(start + log_rest, stop + log_share))))
            weights.append((log_diff_exp(stop, start) - log_mass + log_weight).exp())
        return torch.cat(quantiles), torch.cat(weights)


def _log_between(below: Tensor, above: Tensor, inside: Tensor, outside: Tensor) -> Tensor:
    """The log probability between two values, by the tail that is smaller there."""
    is_upper = above < inside
    larger, smaller = torch.where(is_upper, above, inside), torch.where(is_upper, outside, below)
    return log_diff_exp(larger, smaller)


class LeftTruncatedDistribution(_Truncated):
    r"""A distribution given that its value is not below a bound.

    .. math::
        p(x) = q(x) / (1 - F(a))

    Args:
        base_dist: the continuous, univariate distribution with density q and cdf F.
        low: lower bound :math:`a`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the bound and the base, event_shape is ().

    Support:
        the reals from ``low`` upwards, as far as the base's support goes.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 13.

    Example:
        >>> from pyro.distributions.normal import Normal
        >>> LeftTruncatedDistribution(Normal(0.0, 1.0), low=30.0).mean
        tensor(30.0332)
    """

    arg_constraints: dict[str, constraints.Constraint] = {"low": constraints.real}
    low: Tensor

    def __init__(self, base_dist: Any, low: Tensor | float = 0.0, *, validate_args: bool | None = None) -> None:
        super().__init__(base_dist, low=low, validate_args=validate_args)


class RightTruncatedDistribution(_Truncated):
    r"""A distribution given that its value is not above a bound.

    .. math::
        p(x) = q(x) / F(b)

    Args:
        base_dist: the continuous, univariate distribution with density q and cdf F.
        high: upper bound :math:`b`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the bound and the base, event_shape is ().

    Support:
        the reals up to ``high``, from where the base's support begins.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 13.

    Example:
        >>> from pyro.distributions.normal import Normal
        >>> RightTruncatedDistribution(Normal(0.0, 1.0), high=0.0).mean
        tensor(-0.7979)
    """

    arg_constraints: dict[str, constraints.Constraint] = {"high": constraints.real}
    high: Tensor

    def __init__(self, base_dist: Any, high: Tensor | float = 0.0, *, validate_args: bool | None = None) -> None:
        super().__init__(base_dist, high=high, validate_args=validate_args)


class TwoSidedTruncatedDistribution(_Truncated):
    r"""A distribution given that its value lies between two bounds.

    .. math::
        p(x) = q(x) / (F(b) - F(a))

    Args:
        base_dist: the continuous, univariate distribution with density q and cdf F.
        low: lower bound :math:`a`.
        high: upper bound :math:`b > a`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the bounds and the base, event_shape is ().

    Support:
        the interval from ``low`` to ``high``.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 13.

    Example:
        >>> from pyro.distributions.normal import Normal
        >>> TwoSidedTruncatedDistribution(Normal(0.0, 1.0), low=-1.0, high=1.0).cdf(torch.tensor(0.0))
        tensor(0.5000)
    """

    arg_constraints: dict[str, constraints.Constraint] = {"low": constraints.real, "high": constraints.real}
    low: Tensor
    high: Tensor

    def __init__(
        self,
        base_dist: Any,
        low: Tensor | float = 0.0,
        high: Tensor | float = 1.0,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(base_dist, low=low, high=high, validate_args=validate_args)
