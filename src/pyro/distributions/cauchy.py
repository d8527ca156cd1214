"""Cauchy distribution: the ratio of two standard normals, shifted and scaled."""

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Cauchy"]


class Cauchy(Validated, torch.distributions.Cauchy, TorchDistributionMixin):
    r"""Cauchy distribution.

    .. math::
        p(x) = \frac{1}{\pi \sigma (1 + ((x - \mu) / \sigma)^2)}

    Args:
        loc: median :math:`\mu`, real.
        scale: half width :math:`\sigma > 0` at half the maximum.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line. It has neither mean nor variance.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 16.

    Example:
        >>> Cauchy(0.0, 1.0).cdf(torch.tensor(1.0))
        tensor(0.7500)
    """

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)
