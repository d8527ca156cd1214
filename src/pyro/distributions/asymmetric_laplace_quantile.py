"""Asymmetric Laplace distribution by the quantile at its peak, as quantile regression uses it."""

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.location_scale import LocationScale

__all__ = ["AsymmetricLaplaceQuantile"]


class AsymmetricLaplaceQuantile(LocationScale):
    r"""Asymmetric Laplace distribution of which a given part lies below ``loc``.

    Its likelihood is greatest where the sum of the pinball losses of quantile regression is least.

    .. math::
        p(x) = \frac{q (1 - q)}{\sigma} e^{-\max(q z, (q - 1) z)}, \quad z = (x - \mu) / \sigma

    Args:
        loc: the quantile :math:`\mu`, which is the mode, real.
        scale: scale :math:`\sigma > 0`.
        quantile: probability :math:`q` in (0, 1) of a value below ``loc``.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        K. Yu, R. A. Moyeed (2001), Bayesian quantile regression, Statistics & Probability Letters 54(4).

    Example:
        >>> AsymmetricLaplaceQuantile(1.0, 2.0, 0.25).cdf(torch.tensor(1.0))
        tensor(0.2500)
    """

    arg_constraints = {**LocationScale.arg_constraints, "quantile": constraints.open_interval(0.0, 1.0)}
    quantile: Tensor

    def __init__(
        self,
        loc: Tensor | float = 0.0,
        scale: Tensor | float = 1.0,
        quantile: Tensor | float = 0.5,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(loc=loc, scale=scale, quantile=quantile, validate_args=validate_args)

    def _decay(self, z: Tensor) -> Tensor:
        return -torch.where(z < 0, self.quantile - 1, self.quantile) * z

    @property
    def _log_rates(self) -> Tensor:
        return self.quantile.log() + (-self.quantile).log1p()

    def _log_standard(self, z: Tensor) -> Tensor:
        return self._decay(z) + self._log_rates

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        tail = self._decay(self._standardized(value)).exp()
        return torch.where(value < self.loc, self.quantile * tail, 1 - (1 - self.quantile) * tail)

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        q = self.quantile
        below = (torch.minimum(value, q) / q).log() / (1 - q)
        above = (torch.minimum(1 - value, 1 - q) / (1 - q)).log() / q
        return self.loc + self.scale * (below - above)

    @property
    def mean(self) -> Tensor:
        """The mean, loc + scale * (1 - 2 q) / (q (1 - q))."""
        q = self.quantile
        return self.loc + self.scale * (1 - 2 * q) / (q * (1 - q))

    @property
    def variance(self) -> Tensor:
        """The variance, scale^2 * (1 / q^2 + 1 / (1 - q)^2)."""
        q = self.quantile
        return self.scale.square() * (q**-2 + (1 - q) ** -2)

    def entropy(self) -> Tensor:
        """The entropy, 1 + log(scale) - log(q (1 - q))."""
        return 1 + self.scale.log() - self._log_rates
