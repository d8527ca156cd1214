"""Small tensor operations: periods along a dimension, convolution, blocks on diagonals, almost singular matrices.

Contract: pure functions, differentiable wherever the mathematics allows it; batch dimensions stand on the left.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from pyro.ops.cosine_transform import dct, idct
from pyro.ops.haar import haar_transform, inverse_haar_transform
from pyro.settings import values

__all__ = ["as_complex", "block_diag_embed", "block_diagonal", "broadcast_tensors_without_dim", "cholesky_solve",
           "convolve", "dct", "haar_transform", "idct", "inverse_haar_transform", "matmul", "matvecmul",
           "next_fast_len", "periodic_cumsum", "periodic_features", "periodic_repeat", "precision_to_scale_tril",
           "repeated_matmul", "safe_cholesky", "safe_normalize", "triangular_solve"]


# ---- shapes


def as_complex(x: Tensor) -> Tensor:
    """Joins pairs of numbers, the last dimension, to complex numbers.

    Args:
        x: real and imaginary parts, shape ``batch_shape + (2,)``.

    Returns:
        Complex numbers of shape ``batch_shape``.
    """
    return torch.view_as_complex(x.contiguous())


def block_diag_embed(mat: Tensor) -> Tensor:
    """Puts a batch of matrices along the diagonal of a larger one.

    Args:
        mat: blocks, shape ``batch_shape + (B, M, N)``.

    Returns:
        A tensor of shape ``batch_shape + (B * M, B * N)``, zero outside the blocks.

    Example:
        >>> block_diag_embed(torch.ones(2, 1, 2))
        tensor([[1., 1., 0., 0.],
                [0., 0., 1., 1.]])
    """
    count, rows, columns = mat.shape[-3:]
    eye = torch.eye(count, dtype=mat.dtype, device=mat.device)
    spread = mat[..., None, :] * eye[:, None, :, None]
    return spread.reshape(mat.shape[:-3] + (count * rows, count * columns))


def block_diagonal(mat: Tensor, block_size: int) -> Tensor:
    """Takes the blocks on a matrix's diagonal: undoes :func:`block_diag_embed`.

    Args:
        mat: shape ``batch_shape + (B * M, B * block_size)``.
        block_size: the number of columns of a block.

    Returns:
        The blocks, shape ``batch_shape + (B, M, block_size)``.
    """
    count = mat.size(-1) // block_size
    blocks = mat.reshape(mat.shape[:-2] + (count, mat.size(-2) // count, count, block_size))
    return blocks.diagonal(dim1=-4, dim2=-2).movedim(-1, -3)


def broadcast_tensors_without_dim(tensors: Sequence[Tensor], dim: int) -> list[Tensor]:
    """Broadcasts tensors along all dimensions but one.

    Args:
        tensors: tensors.
        dim: the dimension along which each keeps its size, that of the tensor of the highest rank if not negative.

    Returns:
        The broadcast tensors.
    """
    if dim >= 0:
        dim -= max(x.dim() for x in tensors)
    tensors = [x.reshape((1,) * (-dim - x.dim()) + x.shape) for x in tensors]
    shape = list(torch.broadcast_shapes(*(x.narrow(dim, 0, 1).shape for x in tensors)))
    return [x.expand(shape[:dim] + [x.size(dim)] + (shape[dim + 1 :] if dim < -1 else [])) for x in tensors]


# ---- series


def periodic_repeat(tensor: Tensor, size: int, dim: int) -> Tensor:
    """Repeats a period along a dimension up to a size.

    Args:
        tensor: one period.
        size: the new size of the dimension.
        dim: the dimension.

    Returns:
        The repeated tensor.

    Example:
        >>> periodic_repeat(torch.tensor([1, 2, 3]), 5, 0)
        tensor([1, 2, 3, 1, 2])
    """
    return tensor.index_select(dim, torch.arange(size, device=tensor.device) % tensor.size(dim))


def periodic_cumsum(tensor: Tensor, period: int, dim: int) -> Tensor:
    """Sums a series with its values one period, two periods, ... before.

    Args:
        tensor: series.
        period: the period.
        dim: the dimension along which they lie.

    Returns:
        A tensor of the same shape.

    Example:
        >>> periodic_cumsum(torch.ones(5), 2, 0)
        tensor([1., 1., 2., 2., 3.])
    """
    series = tensor.movedim(dim, -1)
    size = series.size(-1)
    padded = torch.nn.functional.pad(series, (0, -size % period))
    sums = padded.reshape(series.shape[:-1] + (-1, period)).cumsum(-2).flatten(-2)
    return sums[..., :size].movedim(-1, dim)


def periodic_features(
    duration: int, max_period: float | None = None, min_period: float | None = None, **options: Any
) -> Tensor:
    r"""Cosines and sines of the frequencies :math:`k / P` that are slower than a shortest period.

    .. math::
        \cos(2 \pi k t / P), \quad -\sin(2 \pi k t / P), \qquad k = 1, 2, ..., k < P / p

    Args:
        duration: the number of times t = 0, 1, ...
        max_period: the longest period :math:`P`; ``duration`` by default.
        min_period: the bound :math:`p` on the shortest one; 2 by default, the shortest that steps of one resolve.
        **options: dtype and device of the result.

    Returns:
        Features of shape ``(duration, 2 * (ceil(P / p) - 1))``, the cosines first.

    Raises:
        ValueError: unless 2 <= ``min_period`` <= ``max_period``.
    """
    longest = duration if max_period is None else max_period
    shortest = 2 if min_period is None else min_period
    if not 2 <= shortest <= longest:
        raise ValueError(f"periodic_features: min_period is {shortest}, expected 2 <= min_period <= max_period = "
                         f"{longest}; steps of one do not resolve shorter periods than 2.")
    time = torch.arange(float(duration), **options)[:, None]
    angle = time * (torch.arange(1.0, math.ceil(longest / shortest), **options) * (2 * math.pi / longest))
    return torch.cat([angle.cos(), -angle.sin()], -1)


def next_fast_len(size: int) -> int:
    """The next number with no prime factor above 5: a length for which Fourier transforms are fast.

    Args:
        size: a positive number.

    Returns:
        The smallest such number that is at least ``size``.
    """
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 1


def convolve(signal: Tensor, kernel: Tensor, mode: str = "full") -> Tensor:
    """Convolves series, the last dimension, by Fourier transforms.

    Args:
        signal: series of length m.
        kernel: series of length n.
        mode: "full" for all m + n - 1 values, "valid" for the ones that no end of a series cuts, "same" for the middle
            values, as many as the longer series has.

    Returns:
        The convolution; batch dimensions broadcast.

    Raises:
        ValueError: for another mode.

    Example:
        >>> convolve(torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 1.0]), mode="valid").round()
        tensor([3., 5.])
    """
    m, n = signal.size(-1), kernel.size(-1)
    sizes = {"full": m + n - 1, "valid": max(m, n) - min(m, n) + 1, "same": max(m, n)}
    if mode not in sizes:
        raise ValueError(f"Unknown mode: {mode}. Expected one of: {', '.join(sizes)}.")
    length = next_fast_len(m + n - 1)
    product = torch.fft.rfft(signal, n=length) * torch.fft.rfft(kernel, n=length)
    start = (m + n - 1 - sizes[mode]) // 2
    result: Tensor = torch.fft.irfft(product, n=length)
    return result[..., start : start + sizes[mode]]


# ---- matrices


def matmul(x: Tensor, y: Tensor) -> Tensor:
    """The product of matrices."""
    return x @ y


def matvecmul(x: Tensor, y: Tensor) -> Tensor:
    """The product of matrices and vectors, without a matrix for each vector."""
    return (x @ y[..., None])[..., 0]


def repeated_matmul(M: Tensor, n: int) -> Tensor:
    """The powers of a matrix, by doubling: log2(n) products.

    Args:
        M: square matrices.
        n: the largest exponent.

    Returns:
        The powers 1, ..., n along a new leftmost dimension.

    Raises:
        ValueError: if ``n`` is not positive.
    """
    if n < 1:
        raise ValueError(f"repeated_matmul: n is {n}, expected at least 1.")
    powers = M[None]
    while powers.size(0) < n:
        powers = torch.cat([powers, powers @ powers[-1]])
    return powers[:n]


def safe_cholesky(x: Tensor) -> Tensor:
    """The Cholesky factor of matrices that rounding may have made singular.

    Each entry of the diagonal grows by a few rounding errors of the largest entry of its row: the setting
    ``cholesky_relative_jitter``, in units of the machine epsilon. No gradient goes through this.

    Args:
        x: positive semidefinite matrices.

    Returns:
        Their lower triangular factors.
    """
    if x.size(-1) <= 1:
        return x.clamp(min=torch.finfo(x.dtype).tiny).sqrt()
    if values.cholesky_relative_jitter:
        scale = torch.finfo(x.dtype).eps * values.cholesky_relative_jitter
        x = x + (x.detach().abs().amax(-1) * scale).diag_embed()
    factor: Tensor = torch.linalg.cholesky(x)
    return factor


def triangular_solve(x: Tensor, y: Tensor, upper: bool = False, transpose: bool = False) -> Tensor:
    """Solves triangular systems.

    Args:
        x: right-hand sides, shape ``batch_shape + (n, k)``.
        y: triangular matrices, shape ``batch_shape + (n, n)``.
        upper: whether ``y`` is upper triangular.
        transpose: whether to solve with its transpose.

    Returns:
        ``y^-1 x``.
    """
    if y.size(-1) == 1:
        return x / y
    matrix, upper = (y.mT, not upper) if transpose else (y, upper)
    solution: Tensor = torch.linalg.solve_triangular(matrix, x, upper=upper)
    return solution


def cholesky_solve(x: Tensor, y: Tensor) -> Tensor:
    """Solves positive definite systems.

    Args:
        x: right-hand sides, shape ``batch_shape + (n, k)``.
        y: the matrices' lower Cholesky factors, shape ``batch_shape + (n, n)``.

    Returns:
        ``(y y^T)^-1 x``.
    """
    return x / y.square() if y.size(-1) == 1 else torch.cholesky_solve(x, y)


def precision_to_scale_tril(P: Tensor) -> Tensor:
    """The Cholesky factor of a precision matrix's inverse, without inverting it.

    With rows and columns in reverse order, the factor of ``P`` becomes an upper triangular factor ``U U^T = P``;
    its inverse's transpose is the result.

    Args:
        P: positive definite matrices.

    Returns:
        The lower triangular factor of their inverses.
    """
    upper = torch.linalg.cholesky(P.flip(-2, -1)).flip(-2, -1)
    eye = torch.eye(P.size(-1), dtype=P.dtype, device=P.device)
    return triangular_solve(eye, upper, upper=True, transpose=True)


def safe_normalize(x: Tensor, p: float = 2) -> Tensor:
    """Scales vectors, the last dimension, to length one; the zero vector becomes the first unit vector.

    Args:
        x: vectors.
        p: of which norm the length is.

    Returns:
        Vectors of length one.
    """
    length = torch.linalg.vector_norm(x, ord=p, dim=-1, keepdim=True)
    scaled = x / length.clamp(min=torch.finfo(x.dtype).tiny)
    first = torch.zeros_like(x)
    first[..., 0] = 1
    return torch.where((x == 0).all(-1, keepdim=True), first, scaled)
