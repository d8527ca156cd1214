"""Cholesky factor of a Wishart matrix."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.scale_matrix import ScaleMatrix

__all__ = ["WishartCholesky"]


class WishartCholesky(ScaleMatrix):
    r"""Distribution of the Cholesky factor L of a Wishart matrix :math:`L L^\top`.

    .. math::
        p(L) = \frac{2^K \prod_i L_{ii}^{\nu - i} \, e^{-\|T^{-1} L\|^2 / 2}}
               {2^{\nu K / 2} \, |T|^\nu \, \Gamma_K(\nu / 2)}

    with :math:`T T^\top` the scale. Bartlett's decomposition makes :math:`T^{-1} L` a matrix of independent standard
    normals below chi variables of :math:`\nu - i + 1` degrees of freedom.

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
        M. S. Bartlett (1933), On the theory of statistical regression, Proc. Royal Society of Edinburgh 53.

    Example:
        >>> WishartCholesky(4.0, scale_tril=torch.eye(2)).variance
        tensor([[0.4657, 0.0000],
                [1.0000, 0.4535]])
    """

    support = constraints.lower_cholesky

    @property
    def _degrees(self) -> Tensor:
        return self.concentration.unsqueeze(-1) - self._row + 1

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws factors by Bartlett's decomposition, with gradients to the parameters."""
        return self.scale_tril @ self._noise(self._degrees, Size(sample_shape))

    def _log_density(self, value: Tensor) -> Tensor:
        """The log density of factors, of shape (..., K, K), with respect to their lower triangle."""
        powers = self.concentration.unsqueeze(-1) - self._row
        log_power = (powers * value.diagonal(dim1=-2, dim2=-1).log()).sum(-1)
        whitened = torch.linalg.solve_triangular(self.scale_tril, value, upper=False)
        log_prob: Tensor = log_power - 0.5 * whitened.square().sum((-2, -1)) + self._log_constant()
        return log_prob

    def _log_constant(self) -> Tensor:
        log_determinant = self._log_scale_diagonal.sum(-1)
        return self.event_shape[-1] * math.log(2) - self.concentration * log_determinant - self._log_normalizer()

    @property
    def _mean_diagonal(self) -> Tensor:
        """The means of the chi variables."""
        half = 0.5 * self._degrees
        return math.sqrt(2) * ((half + 0.5).lgamma() - half.lgamma()).exp()

    @property
    def mean(self) -> Tensor:
        """The mean: the factor of the scale, columns times the means of the chi variables."""
        return self.scale_tril * self._mean_diagonal.unsqueeze(-2)

    @property
    def variance(self) -> Tensor:
        """The variances of the elements."""
        diagonal = self._degrees - self._mean_diagonal.square()
        variances = torch.ones_like(self.scale_tril).tril(-1) + diagonal.diag_embed()
        return self.scale_tril.square() @ variances

    def entropy(self) -> Tensor:
        """The entropy."""
        mean_log = self._log_scale_diagonal + 0.5 * (math.log(2) + torch.digamma(0.5 * self._degrees))
        powers = self.concentration.unsqueeze(-1) - self._row
        mean_square = self.concentration * self.event_shape[-1]
        return 0.5 * mean_square - (powers * mean_log).sum(-1) - self._log_constant()
