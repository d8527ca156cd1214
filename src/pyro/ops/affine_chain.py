"""States of a linear recursion, in a number of steps that grows like the logarithm of their number.

References:
    Guy E. Blelloch (1990), "Prefix sums and their applications"
    W. Daniel Hillis, Guy L. Steele (1986), "Data parallel algorithms"
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from pyro.ops.batched import Batched
from pyro.ops.pairwise import scan_pairwise

__all__ = ["affine_chain"]


class _Affine(Batched):
    """Maps z -> z A + b; several offsets b, its rows, share a matrix A."""

    event_dims = {"matrix": 2, "offsets": 2}
    matrix: Tensor
    offsets: Tensor


def _compose(x: _Affine, y: _Affine) -> _Affine:
    return _Affine(x.matrix @ y.matrix, x.offsets @ y.matrix + y.offsets)


def affine_chain(start: Tensor, matrix: Tensor, offsets: Tensor) -> Tensor:
    """The states z_1, ..., z_T of z_t = z_{t-1} A_t + b_t, of several chains with the same matrices.

    Args:
        start: the states z_0, shape sample_shape + batch_shape + (n,).
        matrix: the matrices A, shape batch_shape + (T, n, n); or one for all times, of a shape that broadcasts with
            batch_shape + (1, n, n), with which there is less to do.
        offsets: the offsets b, shape sample_shape + batch_shape + (T, n).

    Returns:
        The states, of the shape of ``offsets``.

    Example:
        >>> affine_chain(torch.ones(1), torch.full((1, 1, 1), 2.0), torch.zeros(3, 1))[:, 0]
        tensor([2., 4., 8.])
    """
    if matrix.size(-3) == 1:
        return _powers(start, matrix[..., 0, :, :], offsets)
    shape, n = matrix.shape[:-2], matrix.shape[-1]
    # draws become rows, so that they share the products of matrices
    rows = offsets.reshape((-1, *shape, n)).movedim(0, -2)
    first = start.reshape((-1, *shape[:-1], 1, n)).movedim(0, -2)
    maps = scan_pairwise(_Affine(matrix, rows), _compose)
    return (first @ maps.matrix + maps.offsets).movedim(-2, 0).reshape(offsets.shape)


def _powers(start: Tensor, matrix: Tensor, offsets: Tensor) -> Tensor:
    """The same for one matrix: sums over the last two, four, ... offsets take its powers of two."""
    states = torch.cat([start[..., None, :], offsets], -2)
    length, reach = states.size(-2), 1
    while True:
        states = states + pad(states[..., :-reach, :] @ matrix, (0, 0, reach, 0))
        reach *= 2
        if reach >= length:
            return states[..., 1:, :]
        matrix = matrix @ matrix
