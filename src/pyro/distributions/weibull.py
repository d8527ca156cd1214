"""Weibull distribution: a lifetime whose hazard is a power of age."""

import torch
from torch import Tensor

from pyro.distributions.exponential import Exponential
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Weibull"]


class Weibull(Validated, torch.distributions.Weibull, TorchDistributionMixin):
    r"""Weibull distribution.

    .. math::
        p(x) = \frac{k}{\lambda} \left(\frac{x}{\lambda}\right)^{k - 1} e^{-(x / \lambda)^k}

    Args:
        scale: characteristic life :math:`\lambda > 0`.
        concentration: shape :math:`k > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the positive reals.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 21.

    Example:
        >>> Weibull(2.0, 1.0).mean
        tensor(2.)
    """

    has_rsample = True

    def __init__(
        self, scale: Tensor | float, concentration: Tensor | float, validate_args: bool | None = None
    ) -> None:
        super().__init__(scale, concentration, validate_args=validate_args)
        # Ours instead of torch's, so that a handler can sample it as a site of its own.
        self.base_dist = Exponential(torch.ones_like(self.scale), validate_args=False)
