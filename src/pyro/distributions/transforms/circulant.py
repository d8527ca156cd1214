"""Transform onto first rows of positive definite circulant matrices."""

from torch import Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints
from pyro.ops.hartley import circulant_eigenvalues, circulant_row

__all__ = ["CirculantTransform"]


class CirculantTransform(Transform):
    r"""Maps vectors to first rows of positive definite circulant matrices.

    .. math::
        y = F^{-1} \exp(\operatorname{Re} F x)

    with the discrete Fourier transform F, whose coefficients of y are the eigenvalues of the matrix. It forgets what
    is odd in x, so it is not one to one.

    References:
        R. M. Gray (2006), Toeplitz and Circulant Matrices: A Review.

    Example:
        >>> import torch
        >>> CirculantTransform()(torch.zeros(3))
        tensor([1., 0., 0.])
    """

    domain = constraints.real_vector
    codomain = constraints.positive_definite_circulant_vector

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CirculantTransform)

    def _call(self, x: Tensor) -> Tensor:
        return circulant_row(circulant_eigenvalues(x).exp())

    def _inverse(self, y: Tensor) -> Tensor:
        return circulant_row(circulant_eigenvalues(y).log())
