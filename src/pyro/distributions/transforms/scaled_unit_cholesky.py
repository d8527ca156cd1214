"""Transform onto lower triangular matrices by the rows of unit ones and their scales."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions.transforms import Transform
from torch.nn.functional import logsigmoid, pad, softplus

from pyro.distributions import constraints

__all__ = ["ScaledUnitLowerCholeskyTransform"]


class ScaledUnitLowerCholeskyTransform(Transform):
    r"""Maps vectors of n (n + 1) / 2 numbers to lower triangular matrices with a positive diagonal.

    .. math::
        Y_{ii} = d_i = \log(1 + e^{x_i}), \qquad Y_{ij} = d_i x_{ij} \; (i > j), \qquad
        \log |\det J| = \sum_{i=1}^n (i - 1) \log d_i - \log(1 + e^{-x_i})

    The vector holds the strict lower triangle row by row, and then the diagonal.

    Example:
        >>> ScaledUnitLowerCholeskyTransform()(torch.tensor([2.0, 0.0, 0.0]))
        tensor([[0.6931, 0.0000],
                [1.3863, 0.6931]])
    """

    domain = constraints.real_vector
    codomain = constraints.scaled_unit_lower_cholesky
    bijective = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ScaledUnitLowerCholeskyTransform)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """The shape of results from that of arguments."""
        n = _rows(shape[-1])
        return Size([*shape[:-1], n, n])

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        """The shape of arguments from that of results."""
        return Size([*shape[:-2], shape[-1] * (shape[-1] + 1) // 2])

    def _call(self, x: Tensor) -> Tensor:
        n = _rows(x.shape[-1])
        # Row i of the strict triangle starts at i (i - 1) / 2; everything else points at the last place, a one or zero.
        row, column = torch.arange(n, device=x.device).unsqueeze(-1), torch.arange(n, device=x.device)
        place = torch.where(column < row, row * (row - 1) // 2 + column, n * (n - 1) // 2)
        unit = pad(x[..., :-n], (0, 1))[..., place] + torch.eye(n, dtype=x.dtype, device=x.device)
        return softplus(x[..., -n:]).unsqueeze(-1) * unit

    def _inverse(self, y: Tensor) -> Tensor:
        diagonal = y.diagonal(dim1=-2, dim2=-1)
        row, column = torch.tril_indices(y.shape[-1], y.shape[-1], -1, device=y.device)
        below = (y / diagonal.unsqueeze(-1))[..., row, column]
        return torch.cat([below, diagonal + (-(-diagonal).expm1()).log()], -1)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian."""
        n = y.shape[-1]
        powers = torch.arange(n, dtype=x.dtype, device=x.device)
        return (powers * y.diagonal(dim1=-2, dim2=-1).log() + logsigmoid(x[..., -n:])).sum(-1)


def _rows(size: int) -> int:
    """How many rows a matrix has whose lower triangle has so many elements."""
    n = (math.isqrt(8 * size + 1) - 1) // 2
    if n * (n + 1) // 2 != size:
        raise ValueError("ScaledUnitLowerCholeskyTransform: expected vectors of n (n + 1) / 2 elements for some n, got "
                         f"{size}.")
    return n
