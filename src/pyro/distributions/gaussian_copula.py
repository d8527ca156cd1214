"""Gaussian copula: given marginal distributions, joined as the elements of a normal vector are."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions.utils import broadcast_all, lazy_property

from pyro.distributions import constraints
from pyro.distributions.beta import Beta
from pyro.distributions.parametric import Parametric
from pyro.distributions.util import broadcast_shape
from pyro.distributions.validated import with_checks

__all__ = ["GaussianCopula", "GaussianCopulaBeta"]


class GaussianCopula(Parametric):
    r"""Distribution of :math:`x_i = F_i^{-1}(\Phi(z_i))` for a normal vector z with a correlation matrix R.

    .. math::
        \log p(x) = \sum_i \log f_i(x_i) - \tfrac{1}{2} \left(z^\top (R^{-1} - I) z + \log |R|\right), \quad
        z_i = \Phi^{-1}(F_i(x_i))

    Args:
        marginal_dist: the marginal distributions, with densities :math:`f_i`, as the last batch dimension of one
            univariate distribution that has ``cdf`` and ``icdf``.
        correlation_matrix: R, shape batch_shape + (n, n); give exactly one of the two.
        correlation_cholesky: its Cholesky factor.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (n,); batch_shape is what remains of the marginals', broadcast with that of the matrix.

    Support:
        vectors of values of the marginals.

    Raises:
        ValueError: if the marginals are no vector of univariate distributions, or not exactly one matrix is given.

    References:
        P. X.-K. Song (2000), Multivariate Dispersion Models Generated From Gaussian Copula, Scandinavian Journal of
        Statistics 27(2).

    Example:
        >>> exponentials = torch.distributions.Exponential(torch.ones(2))
        >>> GaussianCopula(exponentials, correlation_cholesky=torch.eye(2)).log_prob(torch.ones(2))
        tensor(-2.)
    """

    arg_constraints = {
        "correlation_matrix": constraints.corr_matrix,
        "correlation_cholesky": constraints.corr_cholesky,
    }
    correlation_cholesky: Tensor

    def __init__(
        self,
        marginal_dist: Any,
        correlation_matrix: Tensor | None = None,
        correlation_cholesky: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        shape = marginal_dist.batch_shape
        if not shape or marginal_dist.event_shape:
            raise ValueError(f"{type(self).__name__}: expected marginal_dist to have batch_shape (..., n) and "
                             f"event_shape (), got {tuple(shape)} and {tuple(marginal_dist.event_shape)}. Expand it.")
        forms = {"correlation_matrix": correlation_matrix, "correlation_cholesky": correlation_cholesky}
        given = {name: form for name, form in forms.items() if form is not None}
        if len(given) != 1:
            raise ValueError(f"{type(self).__name__}: expected exactly one of correlation_matrix and "
                             f"correlation_cholesky, got {', '.join(given) or 'none'}.")
        if correlation_matrix is not None:
            given["correlation_cholesky"] = torch.linalg.cholesky_ex(correlation_matrix).L
        self.marginal_dist = with_checks(marginal_dist, False)
        self.has_rsample = marginal_dist.has_rsample
        super().__init__(shape[-1:], shape[:-1], validate_args=validate_args, **given)
        self.marginal_dist = self.marginal_dist.expand(self.shape())

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new = super().expand(batch_shape, _instance)
        new.marginal_dist = self.marginal_dist.expand(Size(batch_shape) + self.event_shape)
        return new

    @constraints.dependent_property(is_discrete=False, event_dim=1)
    def support(self) -> constraints.Constraint:
        """Vectors of values of the marginals."""
        return constraints.independent(self.marginal_dist.support, 1)

    @lazy_property
    def correlation_matrix(self) -> Tensor:
        """The correlation matrix of the normal vector."""
        return self.correlation_cholesky @ self.correlation_cholesky.mT

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws vectors."""
        with torch.no_grad():
            return self._draw(Size(sample_shape))

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws vectors, with gradients where the inverse cdf of the marginals has them."""
        if not self.has_rsample:
            raise NotImplementedError(f"{type(self).__name__}: the marginals' draws have no gradients. Use sample().")
        return self._draw(Size(sample_shape))

    def _draw(self, sample_shape: Size) -> Tensor:
        factor = self.correlation_cholesky
        noise = torch.randn(self.shape(sample_shape), dtype=factor.dtype, device=factor.device)
        return self._quantile(torch.special.ndtr((factor @ noise.unsqueeze(-1)).squeeze(-1)))

    def _quantile(self, probability: Tensor) -> Tensor:
        quantile: Tensor = self.marginal_dist.icdf(_interior(probability))
        return quantile

    def _log_density(self, value: Tensor) -> Tensor:
        log_marginal: Tensor = self.marginal_dist.log_prob(value)
        z = torch.special.ndtri(_interior(self.marginal_dist.cdf(value)))
        whitened = torch.linalg.solve_triangular(self.correlation_cholesky, z.unsqueeze(-1), upper=False).squeeze(-1)
        log_scale = self.correlation_cholesky.diagonal(dim1=-2, dim2=-1).log()
        log_prob: Tensor = (log_marginal - 0.5 * (whitened.square() - z.square()) - log_scale).sum(-1)
        return log_prob

    @property
    def mean(self) -> Tensor:
        """The means of the marginals."""
        mean: Tensor = self.marginal_dist.mean
        return mean

    @property
    def variance(self) -> Tensor:
        """The variances of the marginals."""
        variance: Tensor = self.marginal_dist.variance
        return variance


def _interior(probability: Tensor) -> Tensor:
    """Keeps normal quantiles finite where a probability rounds to zero or one."""
    finfo = torch.finfo(probability.dtype)
    return probability.clamp(finfo.tiny, 1 - finfo.eps)


class GaussianCopulaBeta(GaussianCopula):
    r"""Gaussian copula of beta distributions.

    Args:
        concentration1: first shapes of the marginals, positive, shape batch_shape + (n,).
        concentration0: second shapes of the marginals, positive, shape batch_shape + (n,).
        correlation_matrix: correlation matrix of the normal vector; give exactly one of the two.
        correlation_cholesky: its Cholesky factor.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (n,); the batch shapes broadcast.

    Support:
        vectors of numbers from 0 to 1.

    Example:
        >>> GaussianCopulaBeta(torch.ones(2), torch.ones(2), torch.eye(2)).log_prob(torch.full((2,), 0.5)).abs() < 1e-6
        tensor(True)
    """

    arg_constraints = {
        "concentration1": constraints.independent(constraints.positive, 1),
        "concentration0": constraints.independent(constraints.positive, 1),
        **GaussianCopula.arg_constraints,
    }

    def __init__(
        self,
        concentration1: Tensor,
        concentration0: Tensor,
        correlation_matrix: Tensor | None = None,
        correlation_cholesky: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        concentration1, concentration0 = broadcast_all(concentration1, concentration0)
        marginals = Beta(concentration1, concentration0, validate_args=False)
        super().__init__(marginals, correlation_matrix, correlation_cholesky, validate_args=validate_args)

    @property
    def concentration1(self) -> Tensor:
        """First shapes of the marginals."""
        concentration: Tensor = self.marginal_dist.concentration1
        return concentration

    @property
    def concentration0(self) -> Tensor:
        """Second shapes of the marginals."""
        concentration: Tensor = self.marginal_dist.concentration0
        return concentration

    @staticmethod
    def infer_shapes(
        concentration1: tuple[int, ...],
        concentration0: tuple[int, ...],
        correlation_matrix: tuple[int, ...] | None = None,
        correlation_cholesky: tuple[int, ...] | None = None,
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            concentration1: shape of ``concentration1``.
            concentration0: shape of ``concentration0``.
            correlation_matrix: shape of ``correlation_matrix``.
            correlation_cholesky: shape of ``correlation_cholesky``.

        Returns:
            batch_shape and event_shape.
        """
        matrix = correlation_matrix or correlation_cholesky or ()
        *batch_shape, size = broadcast_shape(concentration1, concentration0, matrix[:-1])
        return Size(batch_shape), Size([size])
