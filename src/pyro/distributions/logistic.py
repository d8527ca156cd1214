"""Logistic distribution: the real line's, whose cdf is the sigmoid; and a skewed one, whose cdf is a power of it."""

import math

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from pyro.distributions import constraints
from pyro.distributions.location_scale import LocationScale

__all__ = ["Logistic", "SkewLogistic"]

_EULER = 0.5772156649015329  # minus digamma(1)


class Logistic(LocationScale):
    r"""Logistic distribution.

    .. math::
        p(x) = \frac{e^{-z}}{\sigma (1 + e^{-z})^2}, \quad z = (x - \mu) / \sigma

    Args:
        loc: mean :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`; the standard deviation is :math:`\sigma \pi / \sqrt 3`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 23.

    Example:
        >>> Logistic(0.0, 1.0).log_prob(torch.tensor(0.0)).exp()
        tensor(0.2500)
    """

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(loc=loc, scale=scale, validate_args=validate_args)

    def _log_standard(self, z: Tensor) -> Tensor:
        return logsigmoid(z) + logsigmoid(-z)

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        if self._validate_args:
            self._validate_sample(value)
        return torch.sigmoid(self._standardized(value))

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        return self.loc + self.scale * torch.logit(value)

    @property
    def mean(self) -> Tensor:
        """The mean, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variance, (scale * pi)^2 / 3."""
        return (self.scale * math.pi).square() / 3

    def entropy(self) -> Tensor:
        """The entropy, log(scale) + 2."""
        return self.scale.log() + 2


class SkewLogistic(LocationScale):
    r"""Skewed logistic distribution, of type I: the logistic's cdf is raised to a power.

    .. math::
        P(X \le x) = \left(1 + e^{-z}\right)^{-\alpha}, \quad z = (x - \mu) / \sigma

    Args:
        loc: location :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`.
        asymmetry: power :math:`\alpha > 0`; below one, the left tail is the heavier.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 23.

    Example:
        >>> SkewLogistic(0.0, 1.0, 2.0).cdf(torch.tensor(0.0))
        tensor(0.2500)
    """

    arg_constraints = {**LocationScale.arg_constraints, "asymmetry": constraints.positive}
    asymmetry: Tensor

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        asymmetry: Tensor | float = 1.0,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(loc=loc, scale=scale, asymmetry=asymmetry, validate_args=validate_args)

    def _log_standard(self, z: Tensor) -> Tensor:
        return self.asymmetry * logsigmoid(z) + logsigmoid(-z) + self.asymmetry.log()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        if self._validate_args:
            self._validate_sample(value)
        return (self.asymmetry * logsigmoid(self._standardized(value))).exp()

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        # the logit of the root of the probability
        root = value.log() / self.asymmetry
        return self.loc + self.scale * (root - (-torch.expm1(root)).log())

    @property
    def mean(self) -> Tensor:
        """The mean, loc + scale * (digamma(asymmetry) - digamma(1))."""
        return self.loc + self.scale * (torch.digamma(self.asymmetry) + _EULER)

    @property
    def variance(self) -> Tensor:
        """The variance, scale^2 * (trigamma(asymmetry) + pi^2 / 6)."""
        return self.scale.square() * (torch.polygamma(1, self.asymmetry) + math.pi**2 / 6)
