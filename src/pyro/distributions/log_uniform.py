"""Log-uniform distribution: a positive number whose logarithm is uniform."""

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.inverse_cdf import InverseCdf
from pyro.distributions.parametric import Parametric

__all__ = ["LogUniform"]


class LogUniform(Parametric, InverseCdf):
    r"""Log-uniform distribution, also called reciprocal distribution.

    .. math::
        p(x) = \frac{1}{x \log(b / a)}

    Args:
        low: lower end :math:`a > 0`.
        high: upper end :math:`b > a`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the interval from ``low`` to ``high``.

    References:
        R. W. Hamming (1970), On the distribution of numbers, Bell System Technical Journal 49(8).

    Example:
        >>> LogUniform(1.0, 100.0).cdf(torch.tensor(10.0))
        tensor(0.5000)
    """

    arg_constraints = {"low": constraints.positive, "high": constraints.positive}
    low: Tensor
    high: Tensor

    def __init__(self, low: Tensor | float, high: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(low=low, high=high, validate_args=validate_args)

    def _validate_parameters(self) -> None:
        super()._validate_parameters()
        self._check_parameter("high", constraints.greater_than(self.low), self.high)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        """The interval from ``low`` to ``high``."""
        return constraints.interval(self.low, self.high)

    @property
    def _span(self) -> Tensor:
        return self.high.log() - self.low.log()

    def _log_density(self, value: Tensor) -> Tensor:
        return -value.log() - self._span.log()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        value = torch.minimum(torch.maximum(value, self.low), self.high)
        return (value / self.low).log() / self._span

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        quantile = self.low * (value * self._span).exp()
        return torch.minimum(torch.maximum(quantile, self.low), self.high)

    @property
    def mean(self) -> Tensor:
        """The mean, (high - low) / log(high / low)."""
        return (self.high - self.low) / self._span

    @property
    def variance(self) -> Tensor:
        """The variance: the mean of the squares, (high^2 - low^2) / (2 log(high / low)), less the mean's square."""
        return self.mean * ((self.high + self.low) / 2 - self.mean)

    def entropy(self) -> Tensor:
        """The entropy, log(low * high) / 2 + log(log(high / low))."""
        return (self.low.log() + self.high.log()) / 2 + self._span.log()
