"""Beta distribution of a proportion, by its mean and its precision."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.distributions.utils import broadcast_all

from pyro.distributions import constraints
from pyro.distributions.beta import Beta
from pyro.distributions.reparametrized import Reparametrized

__all__ = ["BetaProportion"]


class BetaProportion(Reparametrized, Beta):
    r"""Beta distribution with a given mean, whose precision is the sum of the two shapes.

    .. math::
        p(x) = \frac{x^{\mu \phi - 1} (1 - x)^{(1 - \mu) \phi - 1}}{B(\mu \phi, (1 - \mu) \phi)}

    Args:
        mean: mean :math:`\mu` in (0, 1).
        concentration: precision :math:`\phi > 0`; the variance is :math:`\mu (1 - \mu) / (1 + \phi)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the unit interval.

    References:
        S. Ferrari, F. Cribari-Neto (2004), Beta regression for modelling rates and proportions, Journal of Applied
        Statistics 31(7).

    Example:
        >>> import torch
        >>> BetaProportion(torch.tensor(0.25), 4.0).concentration0
        tensor(3.)
    """

    arg_constraints = {"mean": constraints.open_interval(0.0, 1.0), "concentration": constraints.positive}

    def __init__(
        self, mean: Tensor | float, concentration: Tensor | float, *, validate_args: bool | None = None
    ) -> None:
        self._mean, self.concentration = broadcast_all(mean, concentration)
        shapes = self._mean * self.concentration, (1 - self._mean) * self.concentration
        super().__init__(*shapes, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "BetaProportion":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: BetaProportion = super().expand(batch_shape, _instance)  # type: ignore[no-untyped-call]
        new._mean, new.concentration = self._mean.expand(batch_shape), self.concentration.expand(batch_shape)
        return new

    @property
    def mean(self) -> Tensor:
        """The mean, as it was given."""
        return self._mean
