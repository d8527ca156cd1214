"""Gamma-Poisson distribution: events of a Poisson process whose rate is unknown."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.gamma import Gamma
from pyro.distributions.torch_distribution import TorchDistribution

__all__ = ["GammaPoisson"]


class GammaPoisson(TorchDistribution):
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

    def __init__(
        self, concentration: Tensor | float, rate: Tensor | float, validate_args: bool | None = None
    ) -> None:
        self._prior = Gamma(concentration, rate, validate_args=False)
        super().__init__(self._prior.batch_shape, validate_args=validate_args)

    @property
    def concentration(self) -> Tensor:
        """Shape of the Gamma."""
        return self._prior.concentration

    @property
    def rate(self) -> Tensor:
        """Rate of the Gamma."""
        return self._prior.rate

    def expand(self, batch_shape: Sequence[int], _instance: "GammaPoisson | None" = None) -> "GammaPoisson":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: GammaPoisson = self._get_checked_instance(GammaPoisson, _instance)
        batch_shape = Size(batch_shape)
        new._prior = self._prior.expand(batch_shape)  # type: ignore[no-untyped-call]
        super(GammaPoisson, new).__init__(batch_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a rate and then the events.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Counts of shape sample_shape + batch_shape.
        """
        with torch.no_grad():
            return torch.poisson(self._prior.sample(Size(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The log probability of counts.

        Args:
            value: counts, broadcastable with batch_shape.

        Returns:
            Their log probabilities.
        """
        if self._validate_args:
            self._validate_sample(value)
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
