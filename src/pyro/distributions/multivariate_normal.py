"""Multivariate normal distribution."""

import torch
from torch import Size, Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.util import broadcast_shape
from pyro.distributions.validated import Validated

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Validated, torch.distributions.MultivariateNormal, TorchDistributionMixin):
    r"""Multivariate normal distribution.

    .. math::
        p(x) = |2 \pi \Sigma|^{-1/2} \exp\left(-\tfrac{1}{2} (x - \mu)^\top \Sigma^{-1} (x - \mu)\right)

    Args:
        loc: mean :math:`\mu`, shape batch_shape + (K,).
        covariance_matrix: covariance :math:`\Sigma`, positive definite, shape batch_shape + (K, K); give
            exactly one of the three.
        precision_matrix: inverse of the covariance, positive definite.
        scale_tril: Cholesky factor of the covariance, lower triangular with a positive diagonal: the cheapest
            of the three.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K,); the batch shapes broadcast.

    Support:
        real vectors.

    References:
        S. Kotz, N. Balakrishnan, N. L. Johnson (2000), Continuous Multivariate Distributions, vol. 1, ch. 45.

    Example:
        >>> MultivariateNormal(torch.zeros(2), scale_tril=torch.eye(2)).log_prob(torch.zeros(2))
        tensor(-1.8379)
    """

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(loc, covariance_matrix, precision_matrix, scale_tril, validate_args=validate_args)

    @staticmethod
    def infer_shapes(
        loc: tuple[int, ...],
        covariance_matrix: tuple[int, ...] | None = None,
        precision_matrix: tuple[int, ...] | None = None,
        scale_tril: tuple[int, ...] | None = None,
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            loc: shape of ``loc``.
            covariance_matrix: shape of ``covariance_matrix``.
            precision_matrix: shape of ``precision_matrix``.
            scale_tril: shape of ``scale_tril``.

        Returns:
            batch_shape and event_shape.
        """
        matrix = covariance_matrix or precision_matrix or scale_tril or ()
        return Size(broadcast_shape(loc[:-1], matrix[:-2])), Size(loc[-1:])
