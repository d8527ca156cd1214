"""Chi-squared distribution: the squared length of a standard normal vector."""

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Chi2"]


class Chi2(Validated, torch.distributions.Chi2, TorchDistributionMixin):
    r"""Chi-squared distribution.

    .. math::
        p(x) = \frac{x^{\nu/2 - 1} e^{-x/2}}{2^{\nu/2} \Gamma(\nu/2)}

    Args:
        df: degrees of freedom :math:`\nu > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative reals.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 18.

    Example:
        >>> Chi2(3.0).mean
        tensor(3.)
    """

    def __init__(self, df: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(df, validate_args=validate_args)
