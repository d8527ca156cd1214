r"""Power laws between two bounds, and above one.

With y the logarithm of a bound over the value, a power law is an exponential function of y on an interval. Its
integral :math:`\int_0^L e^{-k y} dy` passes smoothly through k = 0, where the law is log-uniform.

Source: A. Clauset, C. R. Shalizi, M. E. J. Newman (2009), Power-law distributions in empirical data, SIAM Review 51(4).
"""

import math

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.inverse_cdf import InverseCdf
from pyro.distributions.parametric import Parametric
from pyro.ops.log_space import log1mexp, select

__all__ = ["DoublyTruncatedPowerLaw", "LowerTruncatedPowerLaw"]

_FLAT = 0.2
"""Where k L is smaller, series are more accurate than differences of exponentials."""


def _log_integral(k: Tensor, length: Tensor) -> Tensor:
    """The logarithm of the integral of exp(-k y) from 0 to a length, which may be huge where k > 0."""
    t = k * length
    is_flat = t.abs() < _FLAT
    h = select(is_flat, t, 0.0)
    square = (h / 2).square()
    series = square * (1 / 6 - square * (1 / 180 - square * (1 / 2835 - square / 37800)))  # log(sinh(h/2) / (h/2))
    flat = select(is_flat, length, 1.0).log() - h / 2 + series
    t, k = select(~is_flat, t, 1.0), select(~is_flat, k, 1.0)
    steep = log1mexp(-t.abs()) - k.abs().log() + (-t).clamp(min=0)
    return torch.where(is_flat, flat, steep)


def _share_of_length(share: Tensor, k: Tensor, length: Tensor) -> Tensor:
    """The y below which a share of the integral lies: minus log(1 - share + share exp(-k L)) / k."""
    t = -k * length
    is_flat = t.abs() < 1e-3
    h, flat_length = select(is_flat, t, 0.0), select(is_flat, length, 1.0)
    # cumulants of a Bernoulli variable
    spread = share * (1 - share)
    series = share + h * spread * (1 / 2 + h * ((1 - 2 * share) / 6 + h * (1 - 6 * spread) / 24))
    t, k = select(~is_flat, t, 1.0), select(~is_flat, k, 1.0)
    # relative to the larger of the two exponentials, so that neither overflows
    rest = torch.where(t < 0, share, 1 - share)
    near = (rest * (-t.abs().clamp(max=1)).expm1()).log1p()
    far = (1 - rest + rest * (-t.abs()).exp()).clamp(min=torch.finfo(t.dtype).tiny).log()
    steep = -(torch.where(t.abs() < 1, near, far) + t.clamp(min=0)) / k
    return torch.where(is_flat, flat_length * series, steep)


class LowerTruncatedPowerLaw(Parametric, InverseCdf):
    r"""Power law above a bound: a Pareto distribution by its exponent.

    .. math::
        p(x) = \frac{-\alpha - 1}{a} (x / a)^\alpha

    Args:
        alpha: exponent :math:`\alpha < -1`.
        low: lower bound :math:`a > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the reals greater than ``low``.

    References:
        A. Clauset, C. R. Shalizi, M. E. J. Newman (2009), Power-law distributions in empirical data, SIAM Review 51(4).

    Example:
        >>> LowerTruncatedPowerLaw(-3.0, 1.0).cdf(torch.tensor(2.0))
        tensor(0.7500)
    """

    arg_constraints = {"alpha": constraints.less_than(-1.0), "low": constraints.positive}
    alpha: Tensor
    low: Tensor

    def __init__(self, alpha: Tensor | float, low: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(alpha=alpha, low=low, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        """The reals from ``low`` upwards; draws are rounded to ``low`` itself at times."""
        return constraints.greater_than_eq(self.low)

    @property
    def _decay(self) -> Tensor:
        """The exponent of the survival function."""
        return -1 - self.alpha

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of values.

        Args:
            value: values, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        return self._decay.log() - self.low.log() + self.alpha * (value / self.low).log()

    def log_survival_function(self, value: Tensor) -> Tensor:
        """The log probability of a larger value."""
        return -self._decay * (value / self.low).clamp(min=1).log()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        return -self.log_survival_function(value).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        return self.low * (-(-value).log1p() / self._decay).exp()

    def _moment(self, order: int) -> Tensor:
        excess = self._decay - order
        is_finite = excess > 0
        moment = self.low**order * self._decay / select(is_finite, excess, 1.0)
        return torch.where(is_finite, moment, math.inf)

    @property
    def mean(self) -> Tensor:
        """The mean, low (alpha + 1) / (alpha + 2); infinite where alpha >= -2."""
        return self._moment(1)

    @property
    def variance(self) -> Tensor:
        """The variance, low^2 k / ((k - 1)^2 (k - 2)) for k = -alpha - 1; infinite where alpha >= -3."""
        excess = self._decay - 2
        is_finite = excess > 0
        excess = select(is_finite, excess, 1.0)
        variance = self.low.square() * self._decay / ((excess + 1).square() * excess)
        return torch.where(is_finite, variance, math.inf)

    def entropy(self) -> Tensor:
        """The entropy, log(low / k) + 1 + 1 / k for k = -alpha - 1."""
        return (self.low / self._decay).log() + 1 + 1 / self._decay


class DoublyTruncatedPowerLaw(Parametric, InverseCdf):
    r"""Power law between two bounds.

    .. math::
        p(x) = x^\alpha \Big/ \int_a^b t^\alpha dt

    Args:
        alpha: exponent :math:`\alpha`, real; greater than -1 where ``low`` is zero.
        low: lower bound :math:`a \ge 0`.
        high: upper bound :math:`b > a`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the interval from ``low`` to ``high``.

    References:
        A. Clauset, C. R. Shalizi, M. E. J. Newman (2009), Power-law distributions in empirical data, SIAM Review 51(4).

    Example:
        >>> DoublyTruncatedPowerLaw(-1.0, 1.0, 100.0).cdf(torch.tensor(10.0))
        tensor(0.5000)
    """

    arg_constraints = {"alpha": constraints.real, "low": constraints.nonnegative, "high": constraints.positive}
    alpha: Tensor
    low: Tensor
    high: Tensor

    def __init__(
        self,
        alpha: Tensor | float,
        low: Tensor | float,
        high: Tensor | float,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(alpha=alpha, low=low, high=high, validate_args=validate_args)

    def _validate_parameters(self) -> None:
        super()._validate_parameters()
        self._check_parameter("high", constraints.greater_than(self.low), self.high)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        """The interval from ``low`` to ``high``."""
        return constraints.interval(self.low, self.high)

    @property
    def _length(self) -> Tensor:
        is_proper = self.low > 0
        length = self.high.log() - select(is_proper, self.low, 1.0).log()
        return torch.where(is_proper, length, math.sqrt(torch.finfo(length.dtype).max))  # as good as infinite

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of values.

        Args:
            value: values, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        log_integral = _log_integral(self.alpha + 1, self._length)
        return self.alpha * (value / self.high).log() - self.high.log() - log_integral

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        value = torch.minimum(torch.maximum(value, self.low), self.high)
        k, y = self.alpha + 1, self.high.log() - value.log()
        log_share = _log_integral(k, self._length - y) - k * y
        return (log_share - _log_integral(k, self._length)).exp()

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        y = _share_of_length(1 - value, self.alpha + 1, self._length)
        return torch.minimum(torch.maximum(self.high * (-y).exp(), self.low), self.high)

    @property
    def mean(self) -> Tensor:
        """The mean, a ratio of two such integrals."""
        return self._moment(1)

    @property
    def variance(self) -> Tensor:
        """The variance, the mean square less the square of the mean."""
        return self._moment(2) - self._moment(1).square()

    def _moment(self, order: int) -> Tensor:
        k, length = self.alpha + 1, self._length
        return self.high**order * (_log_integral(k + order, length) - _log_integral(k, length)).exp()
