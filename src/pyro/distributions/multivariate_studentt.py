"""Multivariate Student's t distribution."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions.multivariate_normal import _batch_mahalanobis, _batch_mv

from pyro.distributions import constraints
from pyro.distributions.chi2 import Chi2
from pyro.distributions.parametric import Parametric
from pyro.distributions.util import broadcast_shape

__all__ = ["MultivariateStudentT"]


class MultivariateStudentT(Parametric):
    r"""Multivariate Student's t distribution: a normal whose covariance is divided by an unknown common factor.

    .. math::
        p(x) = \frac{\Gamma((\nu + K) / 2)}{\Gamma(\nu / 2) \, (\pi \nu)^{K / 2} \, |L|}
               \left(1 + \frac{\|L^{-1} (x - \mu)\|^2}{\nu}\right)^{-(\nu + K) / 2}

    Args:
        df: degrees of freedom :math:`\nu > 0`.
        loc: location :math:`\mu`, shape batch_shape + (K,).
        scale_tril: factor :math:`L` of the scale matrix, lower triangular with a positive diagonal.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K,); the batch shapes broadcast.

    Support:
        real vectors.

    References:
        S. Kotz, S. Nadarajah (2004), Multivariate t Distributions and Their Applications, ch. 1.

    Example:
        >>> MultivariateStudentT(4.0, torch.zeros(2), torch.eye(2)).variance
        tensor([2., 2.])
    """

    has_rsample = True
    support = constraints.real_vector
    arg_constraints = {
        "df": constraints.positive, "loc": constraints.real_vector, "scale_tril": constraints.lower_cholesky
    }
    _shaped_by = "scale_tril"
    df: Tensor
    loc: Tensor
    scale_tril: Tensor

    def __init__(
        self, df: Tensor | float, loc: Tensor, scale_tril: Tensor, validate_args: bool | None = None
    ) -> None:
        event_shape = broadcast_shape(tuple(loc.shape[-1:]), tuple(scale_tril.shape[-1:]))
        super().__init__(event_shape, df=df, loc=loc.expand(loc.shape[:-1] + event_shape), scale_tril=scale_tril,
                         validate_args=validate_args)

    @property
    def covariance_matrix(self) -> Tensor:
        """The scale matrix, L L^T: the covariance of the normal, before the division."""
        return self.scale_tril @ self.scale_tril.mT

    @property
    def precision_matrix(self) -> Tensor:
        """The inverse of the scale matrix."""
        return torch.cholesky_inverse(self.scale_tril)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a normal and divides it by a chi draw, with gradients to all parameters."""
        noise = torch.randn(self.shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        precision = Chi2(self.df, validate_args=False).rsample(Size(sample_shape)) / self.df
        normal: Tensor = _batch_mv(self.scale_tril, noise)
        return self.loc + normal * precision.rsqrt().unsqueeze(-1)

    def _log_density(self, value: Tensor) -> Tensor:
        size = self.event_shape[0]
        difference = value - self.loc
        if difference.shape == self.scale_tril.shape[:-1]:  # as many matrices as values: none serves several
            distance: Tensor = torch.linalg.solve_triangular(
                self.scale_tril, difference.unsqueeze(-1), upper=False).square().sum((-2, -1))
        else:
            distance = _batch_mahalanobis(self.scale_tril, difference)
        half_df, total = self.df / 2, (self.df + size) / 2
        log_normalizer = (self.scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1) + half_df.lgamma() - total.lgamma()
                          + size / 2 * (math.pi * self.df).log())
        return -total * torch.log1p(distance / self.df) - log_normalizer

    @property
    def mean(self) -> Tensor:
        """The mean, ``loc``; NaN where there is none, for ``df`` up to 1."""
        return self.loc.masked_fill((self.df <= 1).unsqueeze(-1), torch.nan)

    @property
    def variance(self) -> Tensor:
        """The variances, df / (df - 2) times those of the normal; infinite, or NaN without a mean, for ``df`` up to 2.
        """
        df = self.df.unsqueeze(-1)
        inflation = torch.where(df > 2, df / (df - 2), torch.inf).masked_fill(df <= 1, torch.nan)
        return self.scale_tril.square().sum(-1) * inflation
