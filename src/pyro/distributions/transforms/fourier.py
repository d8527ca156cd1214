"""Discrete Fourier transforms of real arrays, and how their coefficients are packed into real vectors.

The coefficients of a real array are conjugate in pairs. Those kept are the first half along the last dimension.

Source: M. Frigo, S. G. Johnson (2005), The Design and Implementation of FFTW3, sec. "real-data DFTs".
"""

import math
from collections.abc import Sequence
from typing import Self

import torch
from torch import Size, Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints

__all__ = ["PackRealFastFourierCoefficientsTransform", "RealFastFourierTransform"]


class RealFastFourierTransform(Transform):
    r"""Maps real arrays to their Fourier coefficients.

    .. math::
        y_k = \sum_t x_t e^{-2 \pi i k t / n}, \quad k = 0, \dots, \lfloor n / 2 \rfloor, \qquad
        \log |\det J| = \tfrac{n}{2} \log n - \tfrac{n - s}{2} \log 2

    for arrays of n elements, where s coefficients are real: two for each even dimension, multiplied, one otherwise.
    The Jacobian is that of the independent real and imaginary parts.

    Args:
        transform_shape: the sizes of the mapped dimensions of the real arrays; ``None`` takes those of the argument,
            and an even last one for the inverse.
        transform_ndims: how many dimensions, counted from the right, to map.
        cache_size: how many results to keep, 0 or 1.

    Example:
        >>> RealFastFourierTransform()(torch.tensor([1.0, 0.0, 0.0, 0.0])).real
        tensor([1., 1., 1.])
    """

    bijective = True

    def __init__(
        self, transform_shape: Sequence[int] | None = None, transform_ndims: int = 1, cache_size: int = 0
    ) -> None:
        if transform_shape is not None and len(transform_shape) != transform_ndims:
            raise ValueError(f"RealFastFourierTransform: transform_shape {tuple(transform_shape)} has "
                             f"{len(transform_shape)} dimensions, expected transform_ndims = {transform_ndims}.")
        super().__init__(cache_size=cache_size)
        self.transform_shape = None if transform_shape is None else Size(transform_shape)
        self.transform_ndims = transform_ndims

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> constraints.Constraint:
        """Real arrays."""
        return constraints.independent(constraints.real, self.transform_ndims)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> constraints.Constraint:
        """Complex arrays."""
        return constraints.independent(constraints.complex, self.transform_ndims)

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, RealFastFourierTransform) and self.transform_shape == other.transform_shape
                and self.transform_ndims == other.transform_ndims)

    def with_cache(self, cache_size: int = 1) -> Self:
        """The same transform with another cache size."""
        if self._cache_size == cache_size:
            return self
        return type(self)(self.transform_shape, self.transform_ndims, cache_size=cache_size)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """The shape of results from that of arguments."""
        sizes = self._real_sizes(shape[len(shape) - self.transform_ndims :])
        return Size([*shape[: len(shape) - self.transform_ndims], *sizes[:-1], sizes[-1] // 2 + 1])

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        """The shape of arguments from that of results."""
        kept = shape[len(shape) - self.transform_ndims :]
        return Size([*shape[: len(shape) - self.transform_ndims],
                     *self._real_sizes([*kept[:-1], 2 * (kept[-1] - 1)])])

    def _real_sizes(self, default: Sequence[int]) -> Size:
        return Size(default) if self.transform_shape is None else self.transform_shape

    @property
    def _dims(self) -> tuple[int, ...]:
        return tuple(range(-self.transform_ndims, 0))

    def _call(self, x: Tensor) -> Tensor:
        coefficients: Tensor = torch.fft.rfftn(x, self.transform_shape, self._dims)
        return coefficients

    def _inverse(self, y: Tensor) -> Tensor:
        real: Tensor = torch.fft.irfftn(y, self.transform_shape, self._dims)
        return real

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian, a constant."""
        batch = x.dim() - self.transform_ndims
        sizes = self._real_sizes(x.shape[batch:])
        count, unpaired = math.prod(sizes), math.prod(2 - size % 2 for size in sizes)
        return x.new_full(x.shape[:batch], (count * math.log(count) - (count - unpaired) * math.log(2)) / 2)


class PackRealFastFourierCoefficientsTransform(Transform):
    r"""Maps real vectors of n numbers to the Fourier coefficients of real vectors of that size.

    The first :math:`\lfloor n / 2 \rfloor + 1` numbers are the real parts. The others are the imaginary parts of the
    coefficients but the first, which is real, as is the last one for even n.

    Args:
        transform_shape: ``(n,)``, which the inverse needs; ``None`` leaves it to the argument.
        cache_size: how many results to keep, 0 or 1.

    Example:
        >>> PackRealFastFourierCoefficientsTransform()(torch.tensor([1.0, 2.0, 3.0, 4.0]))
        tensor([1.+0.j, 2.+4.j, 3.+0.j])
    """

    domain = constraints.real_vector
    codomain = constraints.independent(constraints.complex, 1)
    bijective = True

    def __init__(self, transform_shape: Sequence[int] | None = None, cache_size: int = 0) -> None:
        if transform_shape is not None and len(transform_shape) != 1:
            raise ValueError("PackRealFastFourierCoefficientsTransform: expected transform_shape = (n,), got "
                             f"{tuple(transform_shape)}.")
        super().__init__(cache_size=cache_size)
        self.transform_shape = None if transform_shape is None else Size(transform_shape)

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, PackRealFastFourierCoefficientsTransform)
                and self.transform_shape == other.transform_shape)

    def with_cache(self, cache_size: int = 1) -> Self:
        """The same transform with another cache size."""
        if self._cache_size == cache_size:
            return self
        return type(self)(self.transform_shape, cache_size=cache_size)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """The shape of results from that of arguments."""
        self._check_size(shape[-1])
        return Size([*shape[:-1], shape[-1] // 2 + 1])

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        """The shape of arguments from that of results."""
        return Size([*shape[:-1], self._size(shape[-1])])

    def _check_size(self, size: int) -> None:
        if self.transform_shape is not None and size != self.transform_shape[0]:
            raise ValueError("PackRealFastFourierCoefficientsTransform: the last dimension has size "
                             f"{size}, expected that of transform_shape {tuple(self.transform_shape)}.")

    def _size(self, count: int) -> int:
        """The size of the real vector that has so many coefficients."""
        if self.transform_shape is None:
            raise ValueError("PackRealFastFourierCoefficientsTransform: the number of coefficients does not tell "
                             "whether the size of the real vector is even. Give transform_shape.")
        (size,) = self.transform_shape
        if count != size // 2 + 1:
            raise ValueError(f"PackRealFastFourierCoefficientsTransform: got {count} coefficients, expected "
                             f"{size // 2 + 1} for transform_shape {tuple(self.transform_shape)}.")
        return size

    def _call(self, x: Tensor) -> Tensor:
        self._check_size(x.shape[-1])
        count = x.shape[-1] // 2 + 1
        real, imaginary = x[..., :count], x[..., count:]
        zero = torch.zeros_like(x[..., :1])
        return torch.complex(real, torch.cat([zero, imaginary] + [zero] * (1 - x.shape[-1] % 2), -1))

    def _inverse(self, y: Tensor) -> Tensor:
        size = self._size(y.shape[-1])
        return torch.cat([y.real, y.imag[..., 1 : 1 + (size - 1) // 2]], -1)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the change of volume: zero."""
        return x.new_zeros(x.shape[:-1])
