"""Determinants, eigenvalues and inverses of batches of tiny matrices, in closed form.

Contract: batch dimensions to the left, no decomposition for up to three rows, so no loop over the batch.

References:
    G. H. Golub, C. F. Van Loan (2013), Matrix Computations, ch. 1.1
    O. K. Smith (1961), "Eigenvalues of a symmetric 3 x 3 matrix"
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

__all__ = ["cholesky_of_inverse", "determinant_3d", "eig_3d", "ignore_torch_deprecation_warnings", "inv3d", "rinverse"]


@contextmanager
def ignore_torch_deprecation_warnings() -> Iterator[None]:
    """Silences torch's warnings of deprecated functions inside a ``with`` block."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.* is deprecated", category=UserWarning)
        yield


def cholesky_of_inverse(M: Tensor) -> Tensor:
    """The Cholesky factors of the inverses of positive definite matrices; NaN where one is not.

    A matrix is U U^T with U upper triangular, its Cholesky factor with rows and columns reversed; the inverse of U,
    transposed, is the result.

    Args:
        M: matrices.

    Returns:
        Lower triangular matrices.

    Example:
        >>> cholesky_of_inverse(4 * torch.eye(1))
        tensor([[0.5000]])
    """
    factor, info = torch.linalg.cholesky_ex(M.flip((-2, -1)))
    upper = factor.flip((-2, -1))
    identity = torch.eye(M.shape[-1], dtype=M.dtype, device=M.device)
    inverse: Tensor = torch.linalg.solve_triangular(upper.mT, identity, upper=False)
    return torch.where((info == 0)[..., None, None], inverse, math.nan)


def determinant_3d(H: Tensor) -> Tensor:
    """The determinants of 3 x 3 matrices.

    Args:
        H: matrices, shape batch_shape + (3, 3).

    Returns:
        A tensor of shape batch_shape.
    """
    first, second, third = H.unbind(-2)
    volume: Tensor = (first * torch.linalg.cross(second, third)).sum(-1)
    return volume


def eig_3d(H: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The eigenvalues of symmetric 3 x 3 matrices, by the cosine formula for the roots of a cubic.

    Args:
        H: matrices, shape batch_shape + (3, 3).

    Returns:
        The eigenvalues in ascending order, each of shape batch_shape.
    """
    mean = H.diagonal(dim1=-2, dim2=-1).mean(-1)
    centred = H - mean[..., None, None] * torch.eye(3, dtype=H.dtype, device=H.device)
    spread = (centred.square().sum((-2, -1)) / 6).sqrt()
    is_flat = spread == 0
    scaled = centred / torch.where(is_flat, 1, spread)[..., None, None]
    edge = 1 - torch.finfo(H.dtype).eps
    angle = (determinant_3d(scaled) / 2).clamp(-edge, edge).acos() / 3
    largest, least = mean + 2 * spread * angle.cos(), mean + 2 * spread * (angle + 2 * math.pi / 3).cos()
    return least, 3 * mean - largest - least, largest


def inv3d(H: Tensor, sym: bool = False) -> Tensor:
    """The inverses of 3 x 3 matrices: cofactors over the determinant.

    Args:
        H: matrices, shape batch_shape + (3, 3).
        sym: whether they are symmetric, so that the cofactors need no transposition.

    Returns:
        Their inverses.
    """
    first, second, third = H.unbind(-2)
    crosses = [torch.linalg.cross(second, third), torch.linalg.cross(third, first), torch.linalg.cross(first, second)]
    cofactors = torch.stack(crosses, -2 if sym else -1)
    inverse: Tensor = cofactors / (first * crosses[0]).sum(-1)[..., None, None]
    return inverse


def rinverse(M: Tensor, sym: bool = False) -> Tensor:
    """The inverses of matrices, in closed form for up to three rows.

    Args:
        M: square matrices.
        sym: whether they are symmetric and positive definite, which makes large ones cheaper.

    Returns:
        Their inverses.
    """
    n = M.size(-1)
    if n == 1:
        return M.reciprocal()
    if n == 2:
        a, b, c, d = M.flatten(-2).unbind(-1)
        return torch.stack([d, -b, -c, a], -1).reshape(M.shape) / (a * d - b * c)[..., None, None]
    if n == 3:
        return inv3d(M, sym)
    if sym:
        return torch.cholesky_inverse(torch.linalg.cholesky(M))
    inverse: Tensor = torch.linalg.inv(M)
    return inverse
