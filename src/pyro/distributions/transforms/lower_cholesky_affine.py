"""The affine map of vectors by a triangular matrix."""

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.torch_transform import CachedTransform
from pyro.distributions.util import broadcast_shape

__all__ = ["LowerCholeskyAffine"]


class LowerCholeskyAffine(CachedTransform):
    r"""Maps vectors to :math:`y = \mu + L x`.

    .. math::
        \log |\det J| = \sum_i \log |L_{ii}|

    Args:
        loc: :math:`\mu`.
        scale_tril: the lower triangular matrix L, with a diagonal without zeros.
        cache_size: how many results to keep, 0 or 1.

    Raises:
        AssertionError: if the sizes do not agree.

    Shape:
        loc is ``batch_shape + (n,)``, scale_tril is ``batch_shape + (n, n)``; x is a vector, up to broadcasting.

    Example:
        >>> LowerCholeskyAffine(torch.ones(2), torch.tensor([[1.0, 0.0], [2.0, 3.0]]))(torch.ones(2))
        tensor([2., 6.])
    """

    domain = codomain = constraints.real_vector
    bijective = True
    volume_preserving = False

    def __init__(self, loc: Tensor, scale_tril: Tensor, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.loc = loc
        self.scale_tril = scale_tril
        if loc.shape[-1:] * 2 != scale_tril.shape[-2:]:
            # the type that upstream's assertion has
            raise AssertionError("LowerCholeskyAffine: expected loc of size n and scale_tril of size n x n, got "
                                 f"{tuple(loc.shape)} and {tuple(scale_tril.shape)}.")

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, LowerCholeskyAffine) and torch.equal(self.loc, other.loc)
                and torch.equal(self.scale_tril, other.scale_tril))

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + (self.scale_tril @ x.unsqueeze(-1)).squeeze(-1)

    def _inverse(self, y: Tensor) -> Tensor:
        column = (y - self.loc).unsqueeze(-1)
        solution: Tensor = torch.linalg.solve_triangular(self.scale_tril, column, upper=False)
        return solution.squeeze(-1)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian."""
        log_det = self.scale_tril.diagonal(dim1=-2, dim2=-1).abs().log().sum(-1)
        return log_det.expand(self.forward_shape(x.shape)[:-1])

    def forward_shape(self, shape: tuple[int, ...]) -> Size:
        """The shape of results from that of arguments."""
        return Size(broadcast_shape(tuple(shape), tuple(self.loc.shape), tuple(self.scale_tril.shape[:-1])))

    def inverse_shape(self, shape: tuple[int, ...]) -> Size:
        """The shape of arguments from that of results."""
        return self.forward_shape(shape)
