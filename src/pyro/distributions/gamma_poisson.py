"""Gamma-Poisson distribution: events of a Poisson process whose rate is unknown."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric

__all__ = ["GammaPoisson"]


class GammaPoisson(Parametric):
    r"""Gamma-Poisson distribution, a Poisson whose rate is drawn from a Gamma and integrated out.

    It is the negative binomial distribution with :math:`\alpha` failures and odds of success :math:`1 : \beta`.

    .. math::
        p(x) = \frac{\Gamma(\alpha + x)}{x!\, \Gamma(\alpha)} \frac{\beta^\alpha}{(1 + \beta)^{\alpha + x}}

    Args:
        concentration: shape :math:`\alpha > 0` of the Gamma.
        rate: rate :math:`\beta > 0` of the Gamma.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative integers.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 5.

    Example:
        >>> GammaPoisson(1.0, 1.0).log_prob(torch.tensor(0.0)).exp()
        tensor(0.5000)
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative_integer
    concentration: Tensor
    rate: Tensor

    def __init__(
        self, concentration: Tensor | float, rate: Tensor | float, validate_args: bool | None = None
    ) -> None:
        super().__init__(concentration=concentration, rate=rate, validate_args=validate_args)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a rate and then the events.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Counts of shape sample_shape + batch_shape.
        """
        with torch.no_grad():
            return torch.poisson(torch._standard_gamma(self.concentration.expand(self.shape(sample_shape))) / self.rate)

    def _log_density(self, value: Tensor) -> Tensor:
        total = self.concentration + value
        log_count = total.lgamma() - self.concentration.lgamma() - (value + 1).lgamma()
        return log_count + self.concentration * self.rate.log() - total * self.rate.log1p()

    @property
    def mean(self) -> Tensor:
        """The mean, that of the Gamma."""
        return self.concentration / self.rate

    @property
    def variance(self) -> Tensor:
        """The variance: the Gamma's, and its mean for the Poisson."""
        return self.mean * (1 + 1 / self.rate)
