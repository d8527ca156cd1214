r"""The orthonormal discrete cosine transform (type II) and its inverse (type III).

Of a series :math:`x_0, ..., x_{n-1}`:

.. math::

    y_k = s_k \sum_{j=0}^{n-1} x_j \cos\frac{\pi k (2j + 1)}{2n}
    \qquad s_0 = \sqrt{1/n} \qquad s_k = \sqrt{2/n} \text{ for } k > 0

The matrix of the transform is orthogonal, so its inverse is its transpose. Short series are multiplied by it, which
costs less than a Fourier transform and compiles. Longer ones take one Fourier transform of length :math:`n`, of the
series in the order :math:`x_0, x_2, x_4, ..., x_5, x_3, x_1`.

References:
    John Makhoul, "A fast cosine transform in one and two dimensions", IEEE Transactions on Acoustics, Speech, and
    Signal Processing 28 (1980)
"""

import math

import torch
from torch import Tensor

from pyro.ops.precision import widest

__all__ = ["dct", "idct"]

_SHORT = 128


def dct(x: Tensor, dim: int = -1) -> Tensor:
    """Transforms along a dimension.

    Args:
        x: real series.
        dim: the dimension along which each series lies.

    Returns:
        A tensor of the shape of ``x``.

    Example:
        >>> dct(torch.ones(4))
        tensor([2., 0., 0., 0.])
    """
    x = x.movedim(dim, -1)
    if x.size(-1) <= _SHORT:
        return (x @ _matrix(x).T).movedim(-1, dim)
    reordered = torch.cat([x[..., ::2], x[..., 1::2].flip(-1)], -1)
    y: Tensor = (torch.fft.fft(reordered) * _phase(x)).real * _scale(x)
    return y.movedim(-1, dim)


def idct(x: Tensor, dim: int = -1) -> Tensor:
    """Transforms back along a dimension: the inverse of :func:`dct`.

    Args:
        x: real coefficients.
        dim: the dimension along which they lie.

    Returns:
        A tensor of the shape of ``x``.

    Example:
        >>> idct(torch.tensor([2.0, 0.0, 0.0, 0.0]))
        tensor([1., 1., 1., 1.])
    """
    x = x.movedim(dim, -1)
    if x.size(-1) <= _SHORT:
        return (x @ _matrix(x)).movedim(-1, dim)
    y = x / _scale(x)
    mirrored = torch.nn.functional.pad(y[..., 1:].flip(-1), (1, 0))
    reordered = torch.fft.ifft(torch.complex(y, -mirrored) * _phase(y).conj()).real
    half = (y.size(-1) + 1) // 2
    series = torch.empty_like(reordered)
    series[..., ::2] = reordered[..., :half]
    series[..., 1::2] = reordered[..., half:].flip(-1)
    return series.movedim(-1, dim)


def _matrix(x: Tensor) -> Tensor:
    """The transform's matrix for series such as ``x``, one coefficient a row."""
    n = x.size(-1)
    j = torch.arange(n, device=x.device)
    angles = (j[:, None] * (2 * j + 1)) % (4 * n)  # whole numbers, so that the cosine's argument is small and exact
    waves = torch.cos(angles.to(widest(x.device)) * (math.pi / (2 * n))) * math.sqrt(2 / n)
    return torch.where(j[:, None] == 0, math.sqrt(1 / n), waves).to(x.dtype)


def _phase(x: Tensor) -> Tensor:
    n = x.size(-1)
    angle = torch.arange(n, dtype=x.dtype, device=x.device) * (-math.pi / (2 * n))
    return torch.polar(torch.ones_like(angle), angle)


def _scale(x: Tensor) -> Tensor:
    n = x.size(-1)
    scale = x.new_full((n,), math.sqrt(2 / n))
    scale[0] = math.sqrt(1 / n)
    return scale
