r"""The orthonormal discrete Hartley transform, and symmetric circulant matrices, whose eigenvectors are its waves.

Of a series :math:`x_0, ..., x_{n-1}`:

.. math::

    y_k = \frac{1}{\sqrt n} \sum_{j=0}^{n-1} x_j \left(\cos\frac{2 \pi j k}{n} + \sin\frac{2 \pi j k}{n}\right)

It says in real numbers what the Fourier transform says in complex ones, and is its own inverse. Short series are
multiplied by its matrix, which compiles; longer ones take a Fourier transform.

References:
    R. N. Bracewell, "Discrete Hartley transform", Journal of the Optical Society of America 73 (1983)
"""

import math

import torch
from torch import Tensor

from pyro.ops.precision import widest

__all__ = ["circulant_eigenvalues", "circulant_row", "hartley"]

_SHORT = 128


def hartley(x: Tensor) -> Tensor:
    """Transforms along the last dimension.

    Args:
        x: real series.

    Returns:
        A tensor of the shape of ``x``.

    Example:
        >>> hartley(torch.ones(4))
        tensor([2., 0., 0., 0.])
    """
    n = x.size(-1)
    if n <= _SHORT:
        j = torch.arange(n, device=x.device)
        turns = (j[:, None] * j) % n  # whole numbers, so that the cosine's argument is small and exact
        waves = torch.cos(turns.to(widest(x.device)) * (2 * math.pi / n) - math.pi / 4) * math.sqrt(2 / n)
        return x @ waves.to(x.dtype)
    waves = torch.fft.fft(x)
    result: Tensor = (waves.real - waves.imag) / math.sqrt(n)
    return result


def circulant_eigenvalues(row: Tensor) -> Tensor:
    """The eigenvalues of a circulant matrix: the real parts of its row's Fourier coefficients, all n of them.

    Args:
        row: first rows of circulant matrices. What is odd in them is left out, so that the matrices are symmetric.

    Returns:
        A tensor of the shape of ``row``.

    Example:
        >>> circulant_eigenvalues(torch.tensor([2.0, 0.5, 0.0, 0.5]))
        tensor([3., 2., 1., 2.])
    """
    even = (row + row.flip(-1).roll(1, -1)) / 2
    return hartley(even) * math.sqrt(row.size(-1))


def circulant_row(eigenvalues: Tensor) -> Tensor:
    """The first row of the symmetric circulant matrix with given eigenvalues: inverts :func:`circulant_eigenvalues`.

    Args:
        eigenvalues: in the order of frequencies, the k-th equal to the (n - k)-th.

    Returns:
        A tensor of the shape of ``eigenvalues``.

    Example:
        >>> circulant_row(torch.tensor([3.0, 2.0, 1.0, 2.0]))
        tensor([2.0000, 0.5000, 0.0000, 0.5000])
    """
    return hartley(eigenvalues) / math.sqrt(eigenvalues.size(-1))
