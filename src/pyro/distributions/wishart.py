"""Wishart distribution: the scatter matrix of normal vectors."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.util import broadcast_shape
from pyro.distributions.validated import Validated

__all__ = ["Wishart"]


class Wishart(Validated, torch.distributions.Wishart, TorchDistributionMixin):
    r"""Wishart distribution.

    .. math::
        p(X) = |X|^{(\nu - K - 1)/2} e^{-\mathrm{tr}(V^{-1} X)/2} / (|2 V|^{\nu/2} \Gamma_K(\nu/2))

    Args:
        df: degrees of freedom :math:`\nu > K - 1`.
        covariance_matrix: scale :math:`V`, positive definite, shape batch_shape + (K, K); give exactly one of
            the three.
        precision_matrix: inverse of the scale, positive definite.
        scale_tril: Cholesky factor of the scale, lower triangular with a positive diagonal.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K, K); the batch shapes broadcast.

    Support:
        positive definite matrices.

    References:
        J. Wishart (1928), The generalised product moment distribution in samples from a normal multivariate
        population.

    Example:
        >>> Wishart(4.0, covariance_matrix=torch.eye(2)).mean
        tensor([[4., 0.],
                [0., 4.]])
    """

    def __init__(
        self,
        df: Tensor | float,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(df, covariance_matrix, precision_matrix, scale_tril, validate_args=validate_args)

    def rsample(self, sample_shape: Sequence[int] = (), max_try_correction: int | None = None) -> Tensor:
        """Draws matrices by Bartlett's decomposition.

        Torch draws again where it takes a matrix for singular, which distorts the distribution; that is left out.

        Args:
            sample_shape: shape of independent draws.
            max_try_correction: ignored.

        Returns:
            Draws of shape sample_shape + batch_shape + event_shape.
        """
        draws: Tensor = self._bartlett_sampling(Size(sample_shape))  # type: ignore[no-untyped-call]
        return draws

    @staticmethod
    def infer_shapes(
        df: tuple[int, ...],
        covariance_matrix: tuple[int, ...] | None = None,
        precision_matrix: tuple[int, ...] | None = None,
        scale_tril: tuple[int, ...] | None = None,
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            df: shape of ``df``.
            covariance_matrix: shape of ``covariance_matrix``.
            precision_matrix: shape of ``precision_matrix``.
            scale_tril: shape of ``scale_tril``.

        Returns:
            batch_shape and event_shape.
        """
        matrix = covariance_matrix or precision_matrix or scale_tril or ()
        return Size(broadcast_shape(df, matrix[:-2])), Size(matrix[-2:])
