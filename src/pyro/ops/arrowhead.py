r"""Arrowhead matrices: dense in the first rows and columns, diagonal in the rest.

.. math::
    \begin{pmatrix} A & B \\ B^\top & D \end{pmatrix} = U U^\top, \qquad
    U = \begin{pmatrix} U_1 & V \\ 0 & D^{1/2} \end{pmatrix}, \qquad
    V = B D^{-1/2}, \quad U_1 U_1^\top = A - V V^\top

The triangular factor is upper, which keeps it an arrowhead; so are its inverse and products with it cheap.

References:
    G. H. Golub, C. F. Van Loan (2013), Matrix Computations, ch. 4.2
"""

from typing import NamedTuple

import torch
from torch import Tensor

from pyro.ops.tensor_utils import matvecmul, triangular_solve

__all__ = ["SymmArrowhead", "TriuArrowhead", "sqrt", "triu_gram", "triu_inverse", "triu_matvecmul"]


class SymmArrowhead(NamedTuple):
    """A symmetric arrowhead matrix.

    Attributes:
        top: the first rows, shape (head_size, n).
        bottom_diag: the rest of the diagonal, shape (n - head_size,).
    """

    top: Tensor
    bottom_diag: Tensor


class TriuArrowhead(NamedTuple):
    """An upper triangular arrowhead matrix.

    Attributes:
        top: the first rows, shape (head_size, n), upper triangular.
        bottom_diag: the rest of the diagonal, shape (n - head_size,).
    """

    top: Tensor
    bottom_diag: Tensor


def sqrt(x: SymmArrowhead) -> TriuArrowhead:
    """The upper triangular factor U of U U^T = x.

    Args:
        x: a positive definite matrix.

    Returns:
        The factor.
    """
    head = x.top.size(0)
    bottom = x.bottom_diag.sqrt()
    if head == 0:
        return TriuArrowhead(x.top, bottom)
    side = x.top[:, head:] / bottom
    rest = x.top[:, :head] - side @ side.mT
    # in reverse order the upper factor is a lower one, which torch computes
    corner = torch.linalg.cholesky(rest.flip(-2, -1)).flip(-2, -1)
    return TriuArrowhead(torch.cat([corner, side], -1), bottom)


def triu_inverse(x: TriuArrowhead) -> TriuArrowhead:
    """The inverse of an upper triangular arrowhead matrix.

    Args:
        x: the matrix.

    Returns:
        Its inverse.
    """
    head = x.top.size(0)
    bottom = x.bottom_diag.reciprocal()
    if head == 0:
        return TriuArrowhead(x.top, bottom)
    eye = torch.eye(head, dtype=bottom.dtype, device=bottom.device)
    corner = triangular_solve(eye, x.top[:, :head], upper=True)
    return TriuArrowhead(torch.cat([corner, -(corner @ x.top[:, head:]) * bottom], -1), bottom)


def triu_matvecmul(x: TriuArrowhead, y: Tensor, transpose: bool = False) -> Tensor:
    """Multiplies an upper triangular arrowhead matrix by a vector.

    Args:
        x: the matrix.
        y: a vector.
        transpose: whether to multiply by the transpose.

    Returns:
        The product.
    """
    head = x.top.size(0)
    tail = x.bottom_diag * y[head:]
    if not transpose:
        return torch.cat([matvecmul(x.top, y), tail])
    product = matvecmul(x.top.mT, y[:head])
    return torch.cat([product[:head], product[head:] + tail])


def triu_gram(x: TriuArrowhead) -> Tensor:
    """The product of the transpose with the matrix itself, U^T U.

    Args:
        x: the matrix.

    Returns:
        The product, dense; its diagonal alone where there is no dense head.
    """
    head = x.top.size(0)
    square = x.bottom_diag.square()
    if head == 0:
        return square
    return x.top.mT @ x.top + torch.cat([square.new_zeros(head), square]).diag()
