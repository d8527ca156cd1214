"""Beta distribution over probabilities."""

import torch
from torch import Tensor

from pyro.distributions.distribution import Distribution
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated
from pyro.ops.incomplete_beta import betainc, betaincinv

__all__ = ["Beta"]


class Beta(Validated, torch.distributions.Beta, TorchDistributionMixin):
    r"""Beta distribution over probabilities.

    .. math::
        p(x) = \frac{x^{a - 1} (1 - x)^{b - 1}}{B(a, b)}

    Args:
        concentration1: first shape :math:`a > 0`: one more than the successes seen.
        concentration0: second shape :math:`b > 0`: one more than the failures seen.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the unit interval.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 25.

    Example:
        >>> Beta(2.0, 2.0).log_prob(torch.tensor(0.5)).exp()
        tensor(1.5000)
    """

    def __init__(
        self,
        concentration1: Tensor | float,
        concentration0: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(concentration1, concentration0, validate_args=validate_args)

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        if self._validate_args:
            self._validate_sample(value)
        return betainc(self.concentration1, self.concentration0, value)

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        return betaincinv(self.concentration1, self.concentration0, value)

    def conjugate_update(self, other: Distribution) -> "tuple[Beta, Tensor]":
        r"""Fuses the information of another Beta over the same value.

        The densities multiply to :math:`x^{a + a' - 2} (1 - x)^{b + b' - 2} / (B(a, b) B(a', b'))`.

        Args:
            other: a Beta that carries a likelihood's information about the value.

        Returns:
            The updated distribution and the log normalizer: for every x,
            ``self.log_prob(x) + other.log_prob(x) == updated.log_prob(x) + log_normalizer``.

        Raises:
            TypeError: if the other is no Beta.
        """
        if not isinstance(other, torch.distributions.Beta):
            raise TypeError(f"Beta.conjugate_update: expected another Beta, got {other!r}. Write the "
                            "likelihood as a Beta over the same value.")
        concentration1 = self.concentration1 + other.concentration1 - 1
        concentration0 = self.concentration0 + other.concentration0 - 1
        updated = Beta(concentration1, concentration0)
        return updated, _log_beta(updated) - _log_beta(self) - _log_beta(other)


def _log_beta(dist: torch.distributions.Beta) -> Tensor:
    a, b = dist.concentration1, dist.concentration0
    return a.lgamma() + b.lgamma() - (a + b).lgamma()
