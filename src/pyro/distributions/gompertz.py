"""Gompertz distribution: lifetimes whose hazard grows exponentially."""

from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.inverse_cdf import InverseCdf
from pyro.distributions.parametric import Parametric
from pyro.ops.half_line import half_line_rule, log_half_line_integral

__all__ = ["Gompertz"]


class Gompertz(Parametric, InverseCdf):
    r"""Gompertz distribution.

    .. math::
        p(x) = b \eta \exp(b x - \eta (e^{b x} - 1))

    Args:
        concentration: shape :math:`\eta > 0`.
        rate: growth :math:`b > 0` of the log hazard.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the positive reals.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 22.

    Example:
        >>> Gompertz(1.0, 1.0).mean
        tensor(0.5963)
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    concentration: Tensor
    rate: Tensor

    def __init__(
        self, concentration: Tensor | float, rate: Tensor | float = 1.0, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(concentration=concentration, rate=rate, validate_args=validate_args)

    def _log_density(self, value: Tensor) -> Tensor:
        t = self.rate * value
        return self.concentration.log() + self.rate.log() + t - self.concentration * t.expm1()

    def log_survival_function(self, value: Tensor) -> Tensor:
        """The log probability of a larger value, less the cumulative hazard."""
        return -self.concentration * (self.rate * value.clamp(min=0)).expm1()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        return -self.log_survival_function(value).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        return (-(-value).log1p() / self.concentration).log1p() / self.rate

    @property
    def _width(self) -> Tensor:
        """Where the cumulative hazard is one, in units of 1 / rate."""
        return (1 / self.concentration.detach()).log1p()

    def _log_survival_of(self, lifetime: Tensor) -> Tensor:
        return -self.concentration[..., None] * lifetime.clamp(max=80.0).expm1()

    @property
    def mean(self) -> Tensor:
        """The mean, the integral of the survival function."""
        return log_half_line_integral(self._log_survival_of, self._width).exp() / self.rate

    @property
    def variance(self) -> Tensor:
        """The variance; the mean square is the integral of twice the lifetime times the survival function."""
        lifetime, log_weight = half_line_rule(self._width)
        square = 2 * (lifetime * (self._log_survival_of(lifetime) + log_weight).exp()).sum(-1)
        return square / self.rate.square() - self.mean.square()
