"""Censored distributions: the likelihood of observations of which only a bound is known.

Probabilities of tails are computed in log space (:mod:`pyro.distributions.tails`), so an observation may be censored
any distance out. Draws are of the value itself, which nothing hides: what is censored is known of an observation only.

Source: J. P. Klein, M. L. Moeschberger (2003), Survival Analysis, ch. 3.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.tails import tails
from pyro.distributions.util import broadcast_shape
from pyro.distributions.wrapped import Wrapped
from pyro.ops.log_space import log_diff_exp

__all__ = ["IntervalCensoredDistribution", "LeftCensoredDistribution", "RightCensoredDistribution"]


class _OneSided(Wrapped):
    """What left and right censoring share."""

    arg_constraints = {"censored": constraints.boolean}
    censored: Tensor

    def __init__(
        self, base_dist: Any, censored: Tensor | float = False, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(base_dist, censored=censored, validate_args=validate_args)

    @constraints.dependent_property(event_dim=0)
    def support(self) -> Any:
        """The base's support."""
        return self.base_dist.support

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from the base.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Draws of shape sample_shape + batch_shape.
        """
        draws: Tensor = self.base_dist.sample(Size(sample_shape))
        return draws

    def _log_density(self, value: Tensor) -> Tensor:
        """The log density of what was observed, or the log probability of what a bound leaves possible."""
        return torch.where(self.censored > 0, self._log_tail(value), self.base_dist.log_prob(value))

    def _log_tail(self, value: Tensor) -> Tensor:
        raise NotImplementedError

    @property
    def mean(self) -> Tensor:
        """The base's mean."""
        mean: Tensor = self.base_dist.mean
        return mean

    @property
    def variance(self) -> Tensor:
        """The base's variance."""
        variance: Tensor = self.base_dist.variance
        return variance


class LeftCensoredDistribution(_OneSided):
    r"""Observations of which some are known only to be at most the value given.

    .. math::
        p(x) = q(x) \text{ where observed}, \quad p(x) = F(x) \text{ where censored}

    Args:
        base_dist: the univariate distribution with density q and cdf F.
        censored: which observations are upper bounds: ones or zeros.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of ``censored`` and the base, event_shape is ().

    Support:
        the base's.

    References:
        J. P. Klein, M. L. Moeschberger (2003), Survival Analysis, ch. 3.

    Example:
        >>> from pyro.distributions.normal import Normal
        >>> LeftCensoredDistribution(Normal(0.0, 1.0), censored=True).log_prob(torch.tensor(0.0)).exp()
        tensor(0.5000)
    """

    def _log_tail(self, value: Tensor) -> Tensor:
        return tails(self.base_dist).log_cdf(value)


class RightCensoredDistribution(_OneSided):
    r"""Observations of which some are known only to be more than the value given.

    .. math::
        p(x) = q(x) \text{ where observed}, \quad p(x) = 1 - F(x) \text{ where censored}

    Args:
        base_dist: the univariate distribution with density q and cdf F.
        censored: which observations are lower bounds: ones or zeros.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of ``censored`` and the base, event_shape is ().

    Support:
        the base's.

    References:
        J. P. Klein, M. L. Moeschberger (2003), Survival Analysis, ch. 3.

    Example:
        >>> from pyro.distributions.exponential import Exponential
        >>> RightCensoredDistribution(Exponential(1.0), censored=True).log_prob(torch.tensor(1000.0))
        tensor(-1000.)
    """

    def _log_tail(self, value: Tensor) -> Tensor:
        return tails(self.base_dist).log_survival(value)


class IntervalCensoredDistribution(Wrapped):
    r"""Observations that are known to lie in an interval, or outside of it.

    A value is a pair of a lower end a and an upper end b. Its likelihood is

    .. math::
        F(b) - F(a) \text{ by default}, \quad F(b) \text{ if left-censored}, \quad 1 - F(a) \text{ if right-censored},
        \quad F(a) + 1 - F(b) \text{ if both}

    and the density where the two ends are equal and neither is censored.

    Args:
        base_dist: the univariate distribution with cdf F.
        left_censored: where only the upper end is a bound: ones or zeros.
        right_censored: where only the lower end is a bound: ones or zeros.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters and the base, event_shape is (2,).

    Support:
        pairs of reals.

    References:
        J. P. Klein, M. L. Moeschberger (2003), Survival Analysis, ch. 3.

    Example:
        >>> from pyro.distributions.exponential import Exponential
        >>> IntervalCensoredDistribution(Exponential(1.0), 0, 0).log_prob(torch.tensor([1000.0, 1001.0]))
        tensor(-1000.4587)
    """

    arg_constraints = {"left_censored": constraints.boolean, "right_censored": constraints.boolean}
    support = constraints.independent(constraints.real, 1)
    left_censored: Tensor
    right_censored: Tensor
    _own_event_shape = Size([2])

    def __init__(
        self,
        base_dist: Any,
        left_censored: Tensor | float,
        right_censored: Tensor | float,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(base_dist, left_censored=left_censored, right_censored=right_censored,
                         validate_args=validate_args)  # fmt: skip

    @classmethod
    def infer_shapes(cls, *args: Any, **arg_shapes: Any) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to, with a base of batch_shape ().

        Args:
            *args: shapes of the parameters.
            **arg_shapes: shapes of the parameters by name.

        Returns:
            batch_shape and event_shape.
        """
        return Size(broadcast_shape(*args, *arg_shapes.values())), cls._own_event_shape

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from the base, as intervals of no length.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Draws of shape sample_shape + batch_shape + (2,).
        """
        draws: Tensor = self.base_dist.sample(Size(sample_shape))
        return torch.stack([draws, draws], -1)

    def _log_density(self, value: Tensor) -> Tensor:
        law = tails(self.base_dist)
        low, high = value.unbind(-1)
        below, above = law.log_cdf(low), law.log_survival(low)
        inside, outside = law.log_cdf(high), law.log_survival(high)
        is_upper = above < inside
        between = log_diff_exp(torch.where(is_upper, above, inside), torch.where(is_upper, outside, below))
        is_left, is_right = self.left_censored > 0, self.right_censored > 0
        is_point = (low == high) & low.isfinite()
        density = self.base_dist.log_prob(torch.where(is_point, low, self._harmless))
        either = torch.where(is_left, inside, torch.where(is_right, above, torch.where(is_point, density, between)))
        return torch.where(is_left & is_right, torch.logaddexp(below, outside), either)

    @property
    def _harmless(self) -> Tensor:
        """A value that the base can score, where its density is not asked for."""
        return torch.ones_like(self.left_censored)

    @property
    def mean(self) -> Tensor:
        """The base's mean, of both ends."""
        return torch.stack([self.base_dist.mean] * 2, -1)

    @property
    def variance(self) -> Tensor:
        """The base's variance, of both ends."""
        return torch.stack([self.base_dist.variance] * 2, -1)
