"""Tails of univariate distributions in log space: what truncation and censoring are computed from.

``tails(d)`` gives the logarithms of a distribution's cdf and of its complement, each accurate where it is small, and
for continuous families their inverses. A family without a row of its own gets what its ``cdf`` and ``icdf`` give, whose
complement has few digits far out.

Source: N. L. Johnson, S. Kotz, N. Balakrishnan (1994-95), Continuous Univariate Distributions, vols. 1 and 2.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from pyro.distributions.gamma_poisson import GammaPoisson
from pyro.distributions.logistic import Logistic
from pyro.distributions.softlaplace import SoftLaplace
from pyro.distributions.torch_distribution import ExpandedDistribution
from pyro.ops import incomplete
from pyro.ops.log_space import log1mexp, select
from pyro.ops.normal_tail import log_ndtr, log_ndtri

__all__ = ["Tails", "tails"]

_LOG_2 = math.log(2)


class Tails(ABC):
    """The two tails of a univariate distribution."""

    @abstractmethod
    def log_cdf(self, value: Tensor) -> Tensor:
        """The log probability of at most the value."""

    @abstractmethod
    def log_survival(self, value: Tensor) -> Tensor:
        """The log probability of more than the value."""

    def both(self, value: Tensor) -> tuple[Tensor, Tensor]:
        """The log probabilities of at most the value, and of more."""
        return self.log_cdf(value), self.log_survival(value)

    def quantile(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        """The value with a given log cdf and log survival."""
        is_low = log_p <= -_LOG_2
        low = self.lower(select(is_low, log_p, -_LOG_2))
        return torch.where(is_low, low, self.upper(select(~is_low, log_q, -_LOG_2).clamp(max=-_LOG_2)))

    def lower(self, log_p: Tensor) -> Tensor:
        """The value with a given log cdf, of a probability of at most one half."""
        raise NotImplementedError(f"{type(self).__name__} has no quantiles.")

    def upper(self, log_q: Tensor) -> Tensor:
        """The value with a given log survival, of a probability of at most one half."""
        raise NotImplementedError(f"{type(self).__name__} has no quantiles.")


@dataclass(frozen=True)
class _Generic(Tails):
    """By the methods of the distribution itself."""

    d: Any

    def log_cdf(self, value: Tensor) -> Tensor:
        cdf: Tensor = self.d.cdf(value)
        return cdf.log()

    def log_survival(self, value: Tensor) -> Tensor:
        log_survival: Callable[[Tensor], Tensor] | None = getattr(self.d, "log_survival_function", None)
        return (-self.d.cdf(value)).log1p() if log_survival is None else log_survival(value)

    def lower(self, log_p: Tensor) -> Tensor:
        value: Tensor = self.d.icdf(log_p.exp())
        return value

    def upper(self, log_q: Tensor) -> Tensor:
        value: Tensor = self.d.icdf(-log_q.expm1())
        return value


@dataclass(frozen=True)
class _Symmetric(Tails):
    """A location-scale family that is symmetric about its location."""

    loc: Tensor
    scale: Tensor
    standard_log_cdf: Callable[[Tensor], Tensor]
    standard_lower: Callable[[Tensor], Tensor]

    def log_cdf(self, value: Tensor) -> Tensor:
        return self.standard_log_cdf((value - self.loc) / self.scale)

    def log_survival(self, value: Tensor) -> Tensor:
        return self.standard_log_cdf((self.loc - value) / self.scale)

    def lower(self, log_p: Tensor) -> Tensor:
        return self.loc + self.scale * self.standard_lower(log_p)

    def upper(self, log_q: Tensor) -> Tensor:
        return self.loc - self.scale * self.standard_lower(log_q)


@dataclass(frozen=True)
class _Gamma(Tails):
    concentration: Tensor
    rate: Tensor

    def log_cdf(self, value: Tensor) -> Tensor:
        return incomplete.log_gammainc(self.concentration, self.rate * value)

    def log_survival(self, value: Tensor) -> Tensor:
        return incomplete.log_gammaincc(self.concentration, self.rate * value)

    def both(self, value: Tensor) -> tuple[Tensor, Tensor]:
        return incomplete.log_gamma_tails(self.concentration, self.rate * value)

    def quantile(self, log_p: Tensor, log_q: Tensor) -> Tensor:
        return incomplete.gamma_quantile(self.concentration, log_p, log_q) / self.rate

    def lower(self, log_p: Tensor) -> Tensor:
        return incomplete.gamma_quantile_lower(self.concentration, log_p) / self.rate

    def upper(self, log_q: Tensor) -> Tensor:
        return incomplete.gamma_quantile_upper(self.concentration, log_q) / self.rate


@dataclass(frozen=True)
class _Beta(Tails):
    concentration1: Tensor
    concentration0: Tensor

    def log_cdf(self, value: Tensor) -> Tensor:
        return incomplete.log_betainc(self.concentration1, self.concentration0, _logit(value))

    def log_survival(self, value: Tensor) -> Tensor:
        return incomplete.log_betainc(self.concentration0, self.concentration1, -_logit(value))


def _logit(value: Tensor) -> Tensor:
    return value.log() - (-value).log1p()


@dataclass(frozen=True)
class _Exponential(Tails):
    rate: Tensor

    def log_cdf(self, value: Tensor) -> Tensor:
        is_inside = value > 0
        return torch.where(is_inside, log1mexp(-self.rate * select(is_inside, value, 1.0)), -math.inf)

    def log_survival(self, value: Tensor) -> Tensor:
        return -self.rate * value.clamp(min=0)

    def lower(self, log_p: Tensor) -> Tensor:
        return -log1mexp(log_p) / self.rate

    def upper(self, log_q: Tensor) -> Tensor:
        return -log_q / self.rate


@dataclass(frozen=True)
class _HalfNormal(Tails):
    scale: Tensor

    def log_cdf(self, value: Tensor) -> Tensor:
        is_inside = value > 0
        z = select(is_inside, value, 1.0) / self.scale
        return torch.where(is_inside, torch.erf(z / math.sqrt(2)).log(), -math.inf)

    def log_survival(self, value: Tensor) -> Tensor:
        return _LOG_2 + log_ndtr(-value.clamp(min=0) / self.scale)

    def lower(self, log_p: Tensor) -> Tensor:
        return -self.scale * log_ndtri(log1mexp(log_p) - _LOG_2)

    def upper(self, log_q: Tensor) -> Tensor:
        return -self.scale * log_ndtri(log_q - _LOG_2)


@dataclass(frozen=True)
class _Gumbel(Tails):
    loc: Tensor
    scale: Tensor

    def log_cdf(self, value: Tensor) -> Tensor:
        return -((self.loc - value) / self.scale).exp()

    def log_survival(self, value: Tensor) -> Tensor:
        return log1mexp(self.log_cdf(value))

    def lower(self, log_p: Tensor) -> Tensor:
        return self.loc - self.scale * (-log_p).log()

    def upper(self, log_q: Tensor) -> Tensor:
        return self.lower(log1mexp(log_q))


@dataclass(frozen=True)
class _Transformed(Tails):
    """An increasing map of another distribution."""

    base: Tails
    transforms: tuple[Any, ...]

    def _inverse(self, value: Tensor) -> Tensor:
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return value

    def _forward(self, value: Tensor) -> Tensor:
        for transform in self.transforms:
            value = transform(value)
        return value

    def log_cdf(self, value: Tensor) -> Tensor:
        return self.base.log_cdf(self._inverse(value))

    def log_survival(self, value: Tensor) -> Tensor:
        return self.base.log_survival(self._inverse(value))

    def lower(self, log_p: Tensor) -> Tensor:
        return self._forward(self.base.lower(log_p))

    def upper(self, log_q: Tensor) -> Tensor:
        return self._forward(self.base.upper(log_q))


class _Counts(Tails):
    """A distribution over nonnegative whole numbers, by the log probability of more than one of them."""

    def __init__(self, at_most: Callable[[Tensor], Tensor], more_than: Callable[[Tensor], Tensor]) -> None:
        self._at_most, self._more_than = at_most, more_than

    def log_cdf(self, value: Tensor) -> Tensor:
        return torch.where(value >= 0, self._at_most(value.clamp(min=0).floor()), -math.inf)

    def log_survival(self, value: Tensor) -> Tensor:
        return torch.where(value >= 0, self._more_than(value.clamp(min=0).floor()), 0.0)


@singledispatch
def tails(d: Any) -> Tails:
    """The tails of a univariate distribution.

    Args:
        d: the distribution. Other families register with ``tails.register``.

    Returns:
        Its tails.

    Example:
        >>> tails(torch.distributions.Normal(0.0, 1.0)).log_survival(torch.tensor(30.0))
        tensor(-454.32)
    """
    return _Generic(d)


@tails.register
def _(d: torch.distributions.Normal) -> Tails:
    return _Symmetric(d.loc, d.scale, log_ndtr, log_ndtri)


def _cauchy_log_cdf(z: Tensor) -> Tensor:
    return torch.atan2(torch.ones_like(z), -z).log() - math.log(math.pi)


def _cauchy_lower(log_p: Tensor) -> Tensor:
    return -1 / torch.tan(math.pi * log_p.exp().clamp(min=torch.finfo(log_p.dtype).tiny))


@tails.register
def _(d: torch.distributions.Cauchy) -> Tails:
    return _Symmetric(d.loc, d.scale, _cauchy_log_cdf, _cauchy_lower)


def _laplace_log_cdf(z: Tensor) -> Tensor:
    return torch.where(z < 0, z - _LOG_2, (-0.5 * (-z.abs()).exp()).log1p())


@tails.register
def _(d: torch.distributions.Laplace) -> Tails:
    return _Symmetric(d.loc, d.scale, _laplace_log_cdf, lambda log_p: log_p + _LOG_2)


def _logistic_lower(log_p: Tensor) -> Tensor:
    return log_p - log1mexp(log_p)


@tails.register
def _(d: Logistic) -> Tails:
    return _Symmetric(d.loc, d.scale, logsigmoid, _logistic_lower)


def _soft_laplace_log_cdf(z: Tensor) -> Tensor:
    low = select(z < -20, z, -30.0) + math.log(2 / math.pi)  # where the arc tangent is its argument
    return torch.where(z < -20, low, select(z >= -20, z, 0.0).clamp(max=80).exp().atan().log() + math.log(2 / math.pi))


def _soft_laplace_lower(log_p: Tensor) -> Tensor:
    log_angle = log_p + math.log(math.pi / 2)
    near = torch.tan(select(log_p > -20, log_angle, -1.0).exp()).log()
    return torch.where(log_p > -20, near, log_angle)


@tails.register
def _(d: SoftLaplace) -> Tails:
    return _Symmetric(d.loc, d.scale, _soft_laplace_log_cdf, _soft_laplace_lower)


@tails.register
def _(d: torch.distributions.StudentT) -> Tails:
    return _Symmetric(d.loc, d.scale, lambda z: incomplete.log_student_tail(d.df, -z),
                      lambda log_p: -incomplete.student_quantile_upper(d.df, log_p))


@tails.register
def _(d: torch.distributions.Gamma) -> Tails:
    return _Gamma(d.concentration, d.rate)


@tails.register
def _(d: torch.distributions.Beta) -> Tails:
    return _Beta(d.concentration1, d.concentration0)


@tails.register
def _(d: torch.distributions.Exponential) -> Tails:
    return _Exponential(d.rate)


@tails.register
def _(d: torch.distributions.HalfNormal) -> Tails:
    return _HalfNormal(d.scale)


@tails.register
def _(d: torch.distributions.Gumbel) -> Tails:
    return _Gumbel(d.loc, d.scale)


@tails.register
def _(d: torch.distributions.TransformedDistribution) -> Tails:
    increases = all(getattr(transform, "sign", None) == 1 for transform in d.transforms)
    is_plain = not d.event_shape and increases
    return _Transformed(tails(d.base_dist), tuple(d.transforms)) if is_plain else _Generic(d)


@tails.register
def _(d: ExpandedDistribution) -> Tails:
    return tails(d.base_dist)


@tails.register
def _(d: torch.distributions.Poisson) -> Tails:
    return _Counts(lambda k: incomplete.log_gammaincc(k + 1, d.rate), lambda k: incomplete.log_gammainc(k + 1, d.rate))


@tails.register
def _(d: torch.distributions.Geometric) -> Tails:
    def more_than(k: Tensor) -> Tensor:
        return (k + 1) * logsigmoid(-d.logits)

    return _Counts(lambda k: log1mexp(more_than(k)), more_than)


def _negative_binomial(total_count: Tensor, logits: Tensor) -> Tails:
    """More than k successes come before the failures if fewer failures than those come before k + 1 successes."""
    return _Counts(lambda k: incomplete.log_betainc(total_count, k + 1, -logits),
                   lambda k: incomplete.log_betainc(k + 1, total_count, logits))  # fmt: skip


@tails.register
def _(d: torch.distributions.NegativeBinomial) -> Tails:
    return _negative_binomial(d.total_count, d.logits)


@tails.register
def _(d: GammaPoisson) -> Tails:
    return _negative_binomial(d.concentration, -d.rate.log())


@tails.register
def _(d: torch.distributions.Binomial) -> Tails:
    def at_most(k: Tensor) -> Tensor:
        is_all = k >= d.total_count
        rest = select(~is_all, d.total_count - k, 1.0)
        return torch.where(is_all, 0.0, incomplete.log_betainc(rest, k + 1, -d.logits))

    def more_than(k: Tensor) -> Tensor:
        is_all = k >= d.total_count
        rest = select(~is_all, d.total_count - k, 1.0)
        return torch.where(is_all, -math.inf, incomplete.log_betainc(k + 1, rest, d.logits))

    return _Counts(at_most, more_than)
