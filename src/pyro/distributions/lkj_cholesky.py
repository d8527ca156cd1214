"""LKJ distribution over Cholesky factors of correlation matrices."""

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["LKJCholesky"]


class LKJCholesky(Validated, torch.distributions.LKJCholesky, TorchDistributionMixin):
    r"""LKJ distribution over Cholesky factors of correlation matrices.

    .. math::
        p(L) \propto \prod_{i=2}^K L_{ii}^{K - i + 2 \eta - 2}, \quad p(L L^\top) \propto |L|^{2 \eta - 2}

    Args:
        dim: size K of the matrices, at least 2.
        concentration: shape :math:`\eta > 0`: 1 is uniform over correlation matrices, more favours the
            identity.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``concentration``, event_shape is (K, K).

    Support:
        lower triangular matrices with a positive diagonal and rows of length one.

    References:
        D. Lewandowski, D. Kurowicka, H. Joe (2009), Generating random correlation matrices based on vines and
        extended onion method, Journal of Multivariate Analysis 100(9).

    Example:
        >>> LKJCholesky(3, 1.0).event_shape
        torch.Size([3, 3])
    """

    def __init__(
        self, dim: int, concentration: Tensor | float = 1.0, validate_args: bool | None = None
    ) -> None:
        super().__init__(dim, concentration, validate_args=validate_args)
