"""Laplace distribution: the difference of two equal exponentials."""

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Laplace"]


class Laplace(Validated, torch.distributions.Laplace, TorchDistributionMixin):
    r"""Laplace distribution.

    .. math::
        p(x) = \frac{1}{2\sigma} e^{-|x - \mu| / \sigma}

    Args:
        loc: location :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 24.

    Example:
        >>> Laplace(0.0, 1.0).log_prob(torch.tensor(0.0)).exp()
        tensor(0.5000)
    """

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)
