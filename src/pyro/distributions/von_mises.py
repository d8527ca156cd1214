"""Von Mises distribution: a bell curve on the circle."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated
from pyro.ops.von_mises import von_mises

__all__ = ["VonMises"]


class VonMises(Validated, torch.distributions.VonMises, TorchDistributionMixin):
    r"""Von Mises distribution.

    .. math::
        p(x) = \frac{e^{\kappa \cos(x - \mu)}}{2 \pi I_0(\kappa)}

    Args:
        loc: mean direction :math:`\mu` in radians.
        concentration: concentration :math:`\kappa > 0` about the mean.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        angles; samples lie in :math:`[-\pi, \pi)`, any real number is accepted.

    References:
        D. J. Best, N. I. Fisher (1979), Efficient simulation of the von Mises distribution, Applied
        Statistics 28(2).

    Example:
        >>> VonMises(torch.tensor(1.0), torch.tensor(2.0)).mean
        tensor(1.)
    """

    def __init__(self, loc: Tensor, concentration: Tensor, validate_args: bool | None = None) -> None:
        super().__init__(loc, concentration, validate_args=validate_args)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = torch.Size()) -> Tensor:
        """Draws angles.

        Args:
            sample_shape: how many independent draws of each.

        Returns:
            Angles in [-pi, pi), of shape ``sample_shape + batch_shape``.
        """
        angles: Tensor = von_mises(self.loc, self.concentration, self._extended_shape(torch.Size(sample_shape)))
        return angles

    def log_prob(self, value: Tensor) -> Tensor:
        r"""The log density of angles, :math:`\kappa (\cos(x - \mu) - 1) - \log(2 \pi e^{-\kappa} I_0(\kappa))`.

        In this form it is exact where the density is concentrated.

        Args:
            value: angles, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        log_volume = math.log(2 * math.pi) + torch.special.i0e(self.concentration).log()
        log_prob: Tensor = self.concentration * ((value - self.loc).cos() - 1) - log_volume
        return log_prob
