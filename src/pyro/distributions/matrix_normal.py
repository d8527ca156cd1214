"""Matrix normal distribution: normal matrices whose rows and columns are correlated."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric

__all__ = ["MatrixNormal"]


class MatrixNormal(Parametric):
    r"""Matrix normal distribution, of :math:`X = M + A Z B^\top` with a matrix Z of independent standard normals.

    .. math::
        p(X) = \frac{e^{-\|A^{-1} (X - M) B^{-\top}\|^2 / 2}}{(2 \pi)^{n p / 2} |A|^p |B|^n}

    Args:
        loc: mean M, shape batch_shape + (n, p).
        scale_tril_row: Cholesky factor A of the covariance of rows, shape batch_shape + (n, n).
        scale_tril_column: Cholesky factor B of the covariance of columns, shape batch_shape + (p, p).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (n, p); the batch shapes broadcast.

    Support:
        real matrices.

    References:
        A. K. Gupta, D. K. Nagar (2000), Matrix Variate Distributions, ch. 2.

    Example:
        >>> MatrixNormal(torch.zeros(1, 2), torch.eye(1), torch.eye(2)).log_prob(torch.zeros(1, 2))
        tensor(-1.8379)
    """

    has_rsample = True
    support = constraints.real_matrix
    arg_constraints = {
        "loc": constraints.real_matrix,
        "scale_tril_row": constraints.lower_cholesky,
        "scale_tril_column": constraints.lower_cholesky,
    }
    _shaped_by = "loc"
    loc: Tensor
    scale_tril_row: Tensor
    scale_tril_column: Tensor

    def __init__(
        self, loc: Tensor, scale_tril_row: Tensor, scale_tril_column: Tensor, validate_args: bool | None = None
    ) -> None:
        super().__init__(loc.shape[-2:], loc=loc, scale_tril_row=scale_tril_row, scale_tril_column=scale_tril_column,
                         validate_args=validate_args)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws matrices, with gradients to the parameters."""
        noise = torch.randn(self.shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + self.scale_tril_row @ noise @ self.scale_tril_column.mT

    def _log_density(self, value: Tensor) -> Tensor:
        rows = torch.linalg.solve_triangular(self.scale_tril_row, value - self.loc, upper=False)
        whitened = torch.linalg.solve_triangular(self.scale_tril_column, rows.mT, upper=False)
        log_prob: Tensor = -0.5 * whitened.square().sum((-2, -1)) - self._log_normalizer()
        return log_prob

    def _log_normalizer(self) -> Tensor:
        n, p = self.event_shape
        row, column = (scale.diagonal(dim1=-2, dim2=-1).log().sum(-1)
                       for scale in (self.scale_tril_row, self.scale_tril_column))
        return p * row + n * column + 0.5 * n * p * math.log(2 * math.pi)

    @property
    def mean(self) -> Tensor:
        """The mean, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variances of the elements: those of the row and of the column, multiplied."""
        row, column = self.scale_tril_row.square().sum(-1), self.scale_tril_column.square().sum(-1)
        return row.unsqueeze(-1) * column.unsqueeze(-2)

    def entropy(self) -> Tensor:
        """The entropy."""
        return 0.5 * self.event_shape.numel() + self._log_normalizer()
