"""Transform onto lower triangular matrices with a unit diagonal."""

import torch
from torch import Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints

__all__ = ["UnitLowerCholeskyTransform"]


class UnitLowerCholeskyTransform(Transform):
    r"""Maps matrices to lower triangular ones with a diagonal of one.

    .. math::
        Y_{ij} = X_{ij} \; (i > j), \qquad Y_{ii} = 1, \qquad Y_{ij} = 0 \; (i < j)

    It forgets the rest, so it is not one to one; the inverse of a matrix is that matrix.

    Example:
        >>> UnitLowerCholeskyTransform()(torch.full((2, 2), 3.0))
        tensor([[1., 0.],
                [3., 1.]])
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.unit_lower_cholesky

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UnitLowerCholeskyTransform)

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)

    def _inverse(self, y: Tensor) -> Tensor:
        return y
