"""Gamma distribution: the waiting time to several events of a Poisson process."""

import torch
from torch import Tensor

from pyro.distributions.distribution import Distribution
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Gamma"]


class Gamma(Validated, torch.distributions.Gamma, TorchDistributionMixin):
    r"""Gamma distribution.

    .. math::
        p(x) = \frac{\beta^\alpha}{\Gamma(\alpha)} x^{\alpha - 1} e^{-\beta x}

    Args:
        concentration: shape :math:`\alpha > 0`.
        rate: rate :math:`\beta > 0`, the reciprocal of the scale.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative reals.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 17.

    Example:
        >>> Gamma(2.0, 4.0).mean
        tensor(0.5000)
    """

    def __init__(
        self, concentration: Tensor | float, rate: Tensor | float, validate_args: bool | None = None
    ) -> None:
        super().__init__(concentration, rate, validate_args=validate_args)

    def conjugate_update(self, other: Distribution) -> "tuple[Gamma, Tensor]":
        r"""Fuses the information of another Gamma over the same value.

        The densities multiply to :math:`x^{\alpha + \alpha' - 2} e^{-(\beta + \beta') x}`, up to constants.

        Args:
            other: a Gamma that carries a likelihood's information about the value.

        Returns:
            The updated distribution and the log normalizer: for every x,
            ``self.log_prob(x) + other.log_prob(x) == updated.log_prob(x) + log_normalizer``.

        Raises:
            TypeError: if the other is no Gamma.
        """
        if not isinstance(other, torch.distributions.Gamma):
            raise TypeError(f"Gamma.conjugate_update: expected another Gamma, got {other!r}. Write the "
                            "likelihood as a Gamma over the same value.")
        updated = Gamma(self.concentration + other.concentration - 1, self.rate + other.rate)
        return updated, _log_integral(updated) - _log_integral(self) - _log_integral(other)


def _log_integral(dist: torch.distributions.Gamma) -> Tensor:
    """The log integral of the unnormalised density, x^(concentration - 1) exp(-rate x)."""
    return dist.concentration.lgamma() - dist.concentration * dist.rate.log()
