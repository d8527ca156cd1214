"""Cholesky factor of an inverse Wishart matrix."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.scale_matrix import ScaleMatrix
from pyro.distributions.util import eye_like

__all__ = ["InverseWishartCholesky"]


class InverseWishartCholesky(ScaleMatrix):
    r"""Distribution of the Cholesky factor L of an inverse Wishart matrix :math:`L L^\top`.

    .. math::
        p(L) = \frac{2^K |T|^\nu \prod_i L_{ii}^{-\nu - i} \, e^{-\|L^{-1} T\|^2 / 2}}
               {2^{\nu K / 2} \, \Gamma_K(\nu / 2)}

    with :math:`T T^\top` the scale. The matrix :math:`L^{-1} T` holds independent standard normals below chi variables
    of :math:`\nu - K + i` degrees of freedom.

    Args:
        concentration: degrees of freedom :math:`\nu > K - 1`.
        scale_matrix: scale, positive definite, shape batch_shape + (K, K); give exactly one of the three.
        rate_matrix: inverse of the scale, positive definite.
        scale_tril: Cholesky factor T of the scale.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K, K); the batch shapes broadcast.

    Support:
        lower triangular matrices with a positive diagonal.

    References:
        A. K. Gupta, D. K. Nagar (2000), Matrix Variate Distributions, ch. 3.4.

    Example:
        >>> InverseWishartCholesky(5.0, scale_tril=torch.eye(1)).mean
        tensor([[0.5319]])
    """

    support = constraints.lower_cholesky

    @property
    def _degrees(self) -> Tensor:
        return self.concentration.unsqueeze(-1) - self.event_shape[-1] + self._row

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws factors by way of those of the inverse matrix, with gradients to the parameters."""
        noise = self._noise(self._degrees, Size(sample_shape))
        inverse = torch.linalg.solve_triangular(noise, eye_like(noise, noise.shape[-1]).expand_as(noise), upper=False)
        value: Tensor = self.scale_tril @ inverse
        return value

    def _log_density(self, value: Tensor) -> Tensor:
        """The log density of factors, of shape (..., K, K), with respect to their lower triangle."""
        powers = -self.concentration.unsqueeze(-1) - self._row
        log_power = (powers * value.diagonal(dim1=-2, dim2=-1).log()).sum(-1)
        whitened = torch.linalg.solve_triangular(value, self.scale_tril, upper=False)
        log_prob: Tensor = log_power - 0.5 * whitened.square().sum((-2, -1)) + self._log_constant()
        return log_prob

    def _log_constant(self) -> Tensor:
        log_determinant = self._log_scale_diagonal.sum(-1)
        return self.event_shape[-1] * math.log(2) + self.concentration * log_determinant - self._log_normalizer()

    @property
    def _mean_diagonal(self) -> Tensor:
        """The means of the reciprocals of the chi variables."""
        half = 0.5 * self._degrees
        mean = ((half - 0.5).lgamma() - half.lgamma()).exp() / math.sqrt(2)
        return torch.where(half > 0.5, mean, math.nan)

    @property
    def mean(self) -> Tensor:
        """The mean: the factor of the scale, columns times the means of the reciprocals of the chi variables.

        It is undefined for K degrees of freedom or less.
        """
        return self.scale_tril * self._mean_diagonal.unsqueeze(-2)

    @property
    def variance(self) -> Tensor:
        """The variances of the elements, undefined for K + 1 degrees of freedom or less."""
        degrees = self._degrees
        # Elements of the inverse of the noise are uncorrelated, and those below the diagonal of a column are alike.
        square = torch.where(degrees > 2, (degrees - 2).reciprocal(), math.nan)
        below = (square / (degrees - 1)).unsqueeze(-2) * torch.ones_like(self.scale_tril).tril(-1)
        variances = below.tril(-1) + (square - self._mean_diagonal.square()).diag_embed()
        return self.scale_tril.square() @ variances

    @property
    def _mean_log_diagonal(self) -> Tensor:
        return self._log_scale_diagonal - 0.5 * (math.log(2) + torch.digamma(0.5 * self._degrees))

    def entropy(self) -> Tensor:
        """The entropy."""
        powers = -self.concentration.unsqueeze(-1) - self._row
        mean_square = self.concentration * self.event_shape[-1]
        return 0.5 * mean_square - (powers * self._mean_log_diagonal).sum(-1) - self._log_constant()
