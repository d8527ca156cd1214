"""Multivariate normal distribution whose covariance is a diagonal plus a matrix of low rank."""

import torch
from torch import Size, Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.util import broadcast_shape
from pyro.distributions.validated import Validated

__all__ = ["LowRankMultivariateNormal"]


class LowRankMultivariateNormal(
    Validated, torch.distributions.LowRankMultivariateNormal, TorchDistributionMixin
):
    r"""Multivariate normal distribution whose covariance is a diagonal plus a matrix of low rank.

    .. math::
        p(x) = \mathrm{Normal}(x;\, \mu,\, W W^\top + \mathrm{diag}(d))

    Args:
        loc: mean :math:`\mu`, shape batch_shape + (K,).
        cov_factor: factor :math:`W`, shape batch_shape + (K, rank).
        cov_diag: diagonal :math:`d > 0`, shape batch_shape + (K,).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K,); the batch shapes broadcast.

    Support:
        real vectors.

    References:
        M. A. Woodbury (1950), Inverting modified matrices: log_prob costs O(K rank^2 + rank^3).

    Example:
        >>> LowRankMultivariateNormal(torch.zeros(3), torch.ones(3, 1), torch.ones(3)).variance
        tensor([2., 2., 2.])
    """

    def __init__(
        self, loc: Tensor, cov_factor: Tensor, cov_diag: Tensor, validate_args: bool | None = None
    ) -> None:
        super().__init__(loc, cov_factor, cov_diag, validate_args=validate_args)

    @staticmethod
    def infer_shapes(
        loc: tuple[int, ...], cov_factor: tuple[int, ...], cov_diag: tuple[int, ...]
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            loc: shape of ``loc``.
            cov_factor: shape of ``cov_factor``.
            cov_diag: shape of ``cov_diag``.

        Returns:
            batch_shape and event_shape.
        """
        return Size(broadcast_shape(loc[:-1], cov_factor[:-2], cov_diag[:-1])), Size(loc[-1:])
