"""Inverse gamma distribution: the reciprocal of a gamma."""

import torch
from torch import Tensor

from pyro.distributions.gamma import Gamma
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["InverseGamma"]


class InverseGamma(Validated, torch.distributions.InverseGamma, TorchDistributionMixin):
    r"""Inverse gamma distribution.

    .. math::
        p(x) = \frac{\beta^\alpha}{\Gamma(\alpha)} x^{-\alpha - 1} e^{-\beta / x}

    Args:
        concentration: shape :math:`\alpha > 0`.
        rate: rate :math:`\beta > 0` of the gamma, the scale of x.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the positive reals.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 17.

    Example:
        >>> InverseGamma(3.0, 2.0).mean
        tensor(1.)
    """

    def __init__(
        self, concentration: Tensor | float, rate: Tensor | float, validate_args: bool | None = None
    ) -> None:
        super().__init__(concentration, rate, validate_args=validate_args)
        # Ours instead of torch's, so that a handler can sample it as a site of its own.
        self.base_dist = Gamma(self.base_dist.concentration, self.base_dist.rate, validate_args=False)
