r"""The discrete Haar transform and its inverse.

Each level replaces neighbours by their scaled sum and difference, :math:`(a \pm b) / \sqrt 2`, and goes on with the
sums. An odd one out at the end of a level is kept. The transform is linear and orthogonal for every length.

Reference:
    A. Haar, "Zur Theorie der orthogonalen Funktionensysteme", Mathematische Annalen 69 (1910)
"""

import math

import torch
from torch import Tensor

__all__ = ["haar_transform", "inverse_haar_transform"]


def haar_transform(x: Tensor) -> Tensor:
    """Transforms along the last dimension.

    Args:
        x: series.

    Returns:
        A tensor of the shape of ``x``: coarse coefficients first.

    Example:
        >>> haar_transform(torch.ones(4))
        tensor([2., 0., 0., 0.])
    """
    details = []
    while x.size(-1) > 1:
        half = x.size(-1) // 2
        pairs = x[..., : 2 * half].unflatten(-1, (half, 2)) * math.sqrt(0.5)
        first, second = pairs.unbind(-1)
        details.append(torch.cat([first - second, x[..., 2 * half :]], -1))
        x = first + second
    return torch.cat([x, *reversed(details)], -1)


def inverse_haar_transform(x: Tensor) -> Tensor:
    """Transforms back along the last dimension: the inverse of :func:`haar_transform`.

    Args:
        x: coefficients.

    Returns:
        A tensor of the shape of ``x``.

    Example:
        >>> inverse_haar_transform(torch.tensor([2.0, 0.0, 0.0, 0.0]))
        tensor([1., 1., 1., 1.])
    """
    sizes = []
    size = x.size(-1)
    while size > 1:
        sizes.append(size)
        size //= 2
    series, rest = x[..., :size], x[..., size:]
    for size in reversed(sizes):
        half = size // 2
        details, rest = rest[..., : size - half], rest[..., size - half :]
        differences = details[..., :half]
        pairs = torch.stack([series + differences, series - differences], -1) * math.sqrt(0.5)
        series = torch.cat([pairs.flatten(-2), details[..., half:]], -1)
    return series
