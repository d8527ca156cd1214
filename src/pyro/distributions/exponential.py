"""Exponential distribution: the waiting time to the next event of a Poisson process."""

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Exponential"]


class Exponential(Validated, torch.distributions.Exponential, TorchDistributionMixin):
    r"""Exponential distribution.

    .. math::
        p(x) = \lambda e^{-\lambda x}

    Args:
        rate: events a unit of time, :math:`\lambda > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative reals.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 19.

    Example:
        >>> Exponential(2.0).mean
        tensor(0.5000)
    """

    def __init__(self, rate: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(rate, validate_args=validate_args)
