"""Inverse Wishart distribution: the inverse of a scatter matrix of normal vectors."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.inverse_wishart_cholesky import InverseWishartCholesky
from pyro.distributions.scale_matrix import ScaleMatrix
from pyro.distributions.transforms.cholesky import CholeskyTransform

__all__ = ["InverseWishart"]


class InverseWishart(ScaleMatrix):
    r"""Inverse Wishart distribution, of a matrix whose inverse is Wishart with the inverse scale.

    .. math::
        p(X) = \frac{|\Psi|^{\nu / 2} |X|^{-(\nu + K + 1) / 2} \, e^{-\operatorname{tr}(\Psi X^{-1}) / 2}}
               {2^{\nu K / 2} \, \Gamma_K(\nu / 2)}

    Args:
        concentration: degrees of freedom :math:`\nu > K - 1`.
        scale_matrix: scale :math:`\Psi`, positive definite, shape batch_shape + (K, K); give exactly one of the
            three.
        rate_matrix: inverse of the scale, positive definite.
        scale_tril: Cholesky factor of the scale.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K, K); the batch shapes broadcast.

    Support:
        positive definite matrices.

    References:
        A. K. Gupta, D. K. Nagar (2000), Matrix Variate Distributions, ch. 3.4.

    Example:
        >>> InverseWishart(5.0, scale_matrix=4 * torch.eye(2)).mean
        tensor([[2., 0.],
                [0., 2.]])
    """

    support = constraints.positive_definite

    @property
    def _factor(self) -> InverseWishartCholesky:
        """The distribution of the Cholesky factor."""
        return InverseWishartCholesky(self.concentration, scale_tril=self.scale_tril, validate_args=False)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws matrices by their Cholesky factors, with gradients to the parameters."""
        factor = self._factor.rsample(sample_shape)
        return factor @ factor.mT

    def _log_density(self, value: Tensor) -> Tensor:
        """The log density of matrices, of shape (..., K, K), with respect to their lower triangle."""
        factor: Tensor = torch.linalg.cholesky_ex(value).L
        return self._factor.log_prob(factor) + CholeskyTransform().log_abs_det_jacobian(value, factor)

    @property
    def mean(self) -> Tensor:
        """The mean, undefined for K + 1 degrees of freedom or less."""
        excess = self.concentration - self.event_shape[-1] - 1
        return self.scale_matrix / torch.where(excess > 0, excess, math.nan)[..., None, None]

    @property
    def mode(self) -> Tensor:
        """The mode."""
        return self.scale_matrix / (self.concentration + self.event_shape[-1] + 1)[..., None, None]

    @property
    def variance(self) -> Tensor:
        """The variances of the elements, undefined for K + 3 degrees of freedom or less."""
        excess = (self.concentration - self.event_shape[-1])[..., None, None]
        diagonal = self.scale_matrix.diagonal(dim1=-2, dim2=-1)
        outer = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        top = (excess + 1) * self.scale_matrix.square() + (excess - 1) * outer
        return top / torch.where(excess > 3, excess * (excess - 1).square() * (excess - 3), math.nan)

    def entropy(self) -> Tensor:
        """The entropy: that of the Cholesky factor and the mean logarithm of the change of volume."""
        factor, dim = self._factor, self.event_shape[-1]
        powers = dim + 1 - self._row
        return factor.entropy() + dim * math.log(2) + (powers * factor._mean_log_diagonal).sum(-1)
