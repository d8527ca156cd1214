"""Dagum distribution: incomes, with power laws at both ends."""

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from pyro.distributions import constraints
from pyro.distributions.inverse_cdf import InverseCdf
from pyro.distributions.parametric import Parametric
from pyro.ops.log_space import log1mexp, select

__all__ = ["Dagum"]


class Dagum(Parametric, InverseCdf):
    r"""Dagum distribution, the inverse of a Burr (Singh-Maddala) variable.

    .. math::
        P(X \le x) = (1 + (x / b)^{-a})^{-p}

    Args:
        concentration: shape :math:`p > 0` of the lower end.
        sharpness: exponent :math:`a > 0` of the upper tail.
        scale: scale :math:`b > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the positive reals.

    References:
        C. Kleiber (2008), A guide to the Dagum distributions, in Modeling Income Distributions and Lorenz Curves.

    Example:
        >>> Dagum(1.0, 2.0, 3.0).cdf(torch.tensor(3.0))
        tensor(0.5000)
    """

    arg_constraints = dict.fromkeys(("concentration", "sharpness", "scale"), constraints.positive)
    support = constraints.positive
    concentration: Tensor
    sharpness: Tensor
    scale: Tensor

    def __init__(
        self,
        concentration: Tensor | float,
        sharpness: Tensor | float,
        scale: Tensor | float,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(concentration=concentration, sharpness=sharpness, scale=scale, validate_args=validate_args)

    def _log_density(self, value: Tensor) -> Tensor:
        t = self.sharpness * (value.log() - self.scale.log())
        log_shapes = self.concentration.log() + self.sharpness.log()
        return log_shapes - value.log() - self.concentration * softplus(-t) - softplus(t)

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        is_inside = value > 0
        t = self.sharpness * (select(is_inside, value, 1.0).log() - self.scale.log())
        return torch.where(is_inside, (-self.concentration * softplus(-t)).exp(), 0.0)

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        excess = -value.log() / self.concentration
        log_odds = -excess - log1mexp(-excess)  # minus the logarithm of expm1(excess)
        return self.scale * (log_odds / self.sharpness).exp()

    def _moment(self, order: int) -> Tensor:
        """The mean of a power, infinite where the upper tail is too heavy."""
        share = order / self.sharpness
        is_finite = share < 1
        share = select(is_finite, share, 0.5)
        log_moment = (1 - share).lgamma() + (self.concentration + share).lgamma() - self.concentration.lgamma()
        return torch.where(is_finite, log_moment.exp() * self.scale**order, math.inf)

    @property
    def mean(self) -> Tensor:
        """The mean, infinite where sharpness <= 1."""
        return self._moment(1)

    @property
    def variance(self) -> Tensor:
        """The variance, infinite where sharpness <= 2."""
        mean, square = self._moment(1), self._moment(2)
        is_finite = square < math.inf
        return torch.where(is_finite, square - select(is_finite, mean, 0.0).square(), math.inf)
