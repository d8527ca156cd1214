"""Negative binomial distribution by its mean and its dispersion, as regressions of counts use it."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.distributions.utils import broadcast_all

from pyro.distributions import constraints
from pyro.distributions.gamma_poisson import GammaPoisson
from pyro.distributions.reparametrized import Reparametrized
from pyro.ops.log_space import select

__all__ = ["NegativeBinomial2"]


class NegativeBinomial2(Reparametrized, GammaPoisson):
    r"""Negative binomial distribution with a given mean.

    .. math::
        p(x) = \frac{\Gamma(\phi + x)}{x!\, \Gamma(\phi)}
               \left(\frac{\phi}{\phi + \mu}\right)^\phi \left(\frac{\mu}{\phi + \mu}\right)^x

    Args:
        mean: mean :math:`\mu \ge 0`.
        concentration: inverse dispersion :math:`\phi > 0`; the variance is :math:`\mu + \mu^2 / \phi`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative integers.

    References:
        A. C. Cameron, P. K. Trivedi (2013), Regression Analysis of Count Data, ch. 3.

    Example:
        >>> NegativeBinomial2(3.0, 1.0).variance
        tensor(12.)
    """

    arg_constraints = {"mean": constraints.nonnegative, "concentration": constraints.positive}

    def __init__(
        self, mean: Tensor | float, concentration: Tensor | float, *, validate_args: bool | None = None
    ) -> None:
        self._mean, concentration = broadcast_all(mean, concentration)
        super().__init__(concentration, concentration / self._mean, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "NegativeBinomial2":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new = super().expand(batch_shape, _instance)
        assert isinstance(new, NegativeBinomial2)
        new._mean, new.rate = self._mean.expand(batch_shape), self.rate.expand(batch_shape)
        return new

    def _log_density(self, value: Tensor) -> Tensor:
        mean, concentration = self._mean, self.concentration
        log_count = (concentration + value).lgamma() - concentration.lgamma() - (value + 1).lgamma()
        # no success is certain at a mean of zero
        log_mean = select(value > 0, mean, 1.0).log()
        log_failures = -concentration * (mean / concentration).log1p()
        return log_count + log_failures + value * (log_mean - (mean + concentration).log())

    @property
    def mean(self) -> Tensor:
        """The mean, as it was given."""
        return self._mean

    @property
    def variance(self) -> Tensor:
        """The variance, mean + mean^2 / concentration."""
        return self._mean + self._mean.square() / self.concentration
