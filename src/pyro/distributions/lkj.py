"""LKJ distribution over correlation matrices, and that over their Cholesky factors at its old name."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints
from pyro.distributions.lkj_cholesky import LKJCholesky
from pyro.distributions.transformed_distribution import TransformedDistribution
from pyro.distributions.transforms.cholesky import CorrMatrixCholeskyTransform

__all__ = ["LKJ", "LKJCorrCholesky"]


class _CorrMatrixTransform(Transform):
    """Maps a Cholesky factor to the correlation matrix; unlike the inverse of the inverse map, it can be pickled."""

    domain = constraints.corr_cholesky
    codomain = constraints.corr_matrix
    bijective = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _CorrMatrixTransform)

    def _call(self, x: Tensor) -> Tensor:
        return x @ x.mT

    def _inverse(self, y: Tensor) -> Tensor:
        factor: Tensor = torch.linalg.cholesky(y)
        return factor

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -CorrMatrixCholeskyTransform().log_abs_det_jacobian(y, x)


class LKJ(TransformedDistribution):
    r"""LKJ distribution over correlation matrices.

    .. math::
        p(X) \propto |X|^{\eta - 1}

    For most uses the distribution of the Cholesky factor,
    :class:`~pyro.distributions.lkj_cholesky.LKJCholesky`, is cheaper and numerically safer.

    Args:
        dim: size K of the matrices, at least 2.
        concentration: shape :math:`\eta > 0`: 1 is uniform over correlation matrices, more favours the identity.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``concentration``, event_shape is (K, K).

    Support:
        correlation matrices.

    References:
        D. Lewandowski, D. Kurowicka, H. Joe (2009), Generating random correlation matrices based on vines and
        extended onion method, Journal of Multivariate Analysis 100(9).

    Example:
        >>> LKJ(3, 1.0).mean.diagonal()
        tensor([1., 1., 1.])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_matrix

    def __init__(self, dim: int, concentration: Tensor | float = 1.0, validate_args: bool | None = None) -> None:
        base = LKJCholesky(dim, concentration, validate_args=False)
        super().__init__(base, _CorrMatrixTransform(), validate_args=validate_args)

    @property
    def dim(self) -> int:
        """Size of the matrices."""
        dim: int = self.base_dist.dim  # type: ignore[attr-defined]  # an LKJCholesky
        return dim

    @property
    def concentration(self) -> Tensor:
        """Shape of the density."""
        concentration: Tensor = self.base_dist.concentration  # type: ignore[attr-defined]  # an LKJCholesky
        return concentration

    def expand(self, batch_shape: Sequence[int], _instance: "LKJ | None" = None) -> "LKJ":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        expanded: LKJ = super().expand(batch_shape, _instance or self.__new__(type(self)))  # type: ignore[no-untyped-call]
        return expanded

    def cdf(self, value: Tensor) -> Tensor:
        """Matrices have no order."""
        raise NotImplementedError("LKJ has no cdf: matrices have no order. Expected a univariate distribution.")

    @property
    def mean(self) -> Tensor:
        """The mean, the identity: correlations are as often negative as positive."""
        eye = torch.eye(self.dim, dtype=self.concentration.dtype, device=self.concentration.device)
        return eye.expand(self.shape())


class LKJCorrCholesky(LKJCholesky):
    """Deprecated name of :class:`~pyro.distributions.lkj_cholesky.LKJCholesky`.

    Args:
        d: its ``dim``.
        eta: its ``concentration``.
        validate_args: as there.

    Example:
        >>> with warnings.catch_warnings(action="ignore"):
        ...     LKJCorrCholesky(3, 1.0).event_shape
        torch.Size([3, 3])
    """

    def __init__(self, d: int, eta: Tensor | float, validate_args: bool | None = None) -> None:
        warnings.warn("LKJCorrCholesky(d, eta) is deprecated. Use LKJCholesky(dim, concentration).", FutureWarning,
                      stacklevel=3)
        super().__init__(d, eta, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: LKJCholesky | None = None) -> LKJCholesky:
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        expanded: LKJCholesky = super().expand(batch_shape, _instance or self.__new__(type(self)))  # type: ignore[no-untyped-call]
        return expanded
