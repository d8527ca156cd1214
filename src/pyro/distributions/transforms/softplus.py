"""Transforms through ``softplus(x) = log(1 + exp(x))``, which grows linearly where ``exp`` explodes."""

from torch import Tensor
from torch.distributions.transforms import SoftplusTransform, Transform
from torch.nn.functional import softplus

from pyro.distributions import constraints

__all__ = ["SoftplusLowerCholeskyTransform", "SoftplusTransform"]


class SoftplusLowerCholeskyTransform(Transform):
    r"""Maps matrices to lower triangular ones with a positive diagonal.

    .. math::
        Y_{ij} = X_{ij} \; (i > j), \qquad Y_{ii} = \log(1 + e^{X_{ii}}), \qquad Y_{ij} = 0 \; (i < j)

    It forgets what is above the diagonal, so it is not one to one.

    Example:
        >>> import torch
        >>> SoftplusLowerCholeskyTransform()(torch.zeros(2, 2))
        tensor([[0.6931, 0.0000],
                [0.0000, 0.6931]])
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.softplus_lower_cholesky

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SoftplusLowerCholeskyTransform)

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + softplus(x.diagonal(dim1=-2, dim2=-1)).diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        diagonal = y.diagonal(dim1=-2, dim2=-1)
        return y.tril(-1) + (diagonal + (-(-diagonal).expm1()).log()).diag_embed()
