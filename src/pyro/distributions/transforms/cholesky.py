"""Transforms between positive definite matrices and their Cholesky factors.

Reference: A. K. Gupta, D. K. Nagar (2000), Matrix Variate Distributions, ch. 1.3 (Jacobians).
"""

import math
import warnings

import torch
from torch import Tensor
from torch.distributions.transforms import CorrCholeskyTransform, Transform

from pyro.distributions import constraints

__all__ = ["CholeskyTransform", "CorrLCholeskyTransform", "CorrMatrixCholeskyTransform"]


class CholeskyTransform(Transform):
    r"""Maps a positive definite matrix to its Cholesky factor.

    .. math::
        X = L L^\top, \qquad \log |\det J| = -n \log 2 - \sum_{i=1}^n (n - i + 1) \log L_{ii}

    The Jacobian is that of the lower triangle of :math:`L` with respect to the lower triangle of :math:`X`.

    Example:
        >>> CholeskyTransform()(torch.tensor([[4.0, 2.0], [2.0, 2.0]]))
        tensor([[2., 0.],
                [1., 1.]])
    """

    domain: constraints.Constraint = constraints.positive_definite
    codomain: constraints.Constraint = constraints.lower_cholesky
    bijective = True

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def _call(self, x: Tensor) -> Tensor:
        factor: Tensor = torch.linalg.cholesky(x)
        return factor

    def _inverse(self, y: Tensor) -> Tensor:
        return y @ y.mT

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian."""
        n = x.shape[-1]
        powers = torch.arange(n, 0, -1, dtype=y.dtype, device=y.device)
        return -n * math.log(2) - y.diagonal(dim1=-2, dim2=-1).log() @ powers


class CorrMatrixCholeskyTransform(CholeskyTransform):
    r"""Maps a correlation matrix to its Cholesky factor, whose rows have length one.

    .. math::
        X = L L^\top, \qquad \log |\det J| = -\sum_{i=1}^n (n - i) \log L_{ii}

    The Jacobian is that of the strict lower triangles.
    """

    domain = constraints.corr_matrix
    codomain = constraints.corr_cholesky

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian."""
        powers = torch.arange(x.shape[-1] - 1, -1, -1, dtype=y.dtype, device=y.device)
        return -(y.diagonal(dim1=-2, dim2=-1).log() @ powers)


class CorrLCholeskyTransform(CorrCholeskyTransform):
    """Old name of :class:`torch.distributions.transforms.CorrCholeskyTransform`."""

    def __init__(self, cache_size: int = 0) -> None:
        warnings.warn("CorrLCholeskyTransform is deprecated; use CorrCholeskyTransform instead.", FutureWarning,
                      stacklevel=2)
        super().__init__(cache_size)
