"""Odd power of a real number."""

from typing import Self

import torch
from torch import Size, Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints
from pyro.distributions.util import broadcast_shape

__all__ = ["PositivePowerTransform"]


class PositivePowerTransform(Transform):
    r"""Maps real numbers one to one to :math:`y = \operatorname{sign}(x) |x|^e`, with an exponent :math:`e > 0`.

    .. math::
        \log |dy / dx| = \log e + (e - 1) \log |x|

    Args:
        exponent: positive number or tensor.
        cache_size: how many results to keep, 0 or 1.
        validate_args: whether to check the exponent; ``None`` follows torch's flag.

    Raises:
        ValueError: if an exponent is not positive.

    Example:
        >>> PositivePowerTransform(2.0)(torch.tensor([-3.0, 0.5]))
        tensor([-9.0000,  0.2500])
    """

    domain = codomain = constraints.real
    bijective = True
    sign = +1

    def __init__(self, exponent: Tensor | float, cache_size: int = 0, validate_args: bool | None = None) -> None:
        super().__init__(cache_size=cache_size)
        self.exponent = exponent if isinstance(exponent, Tensor) else torch.tensor(float(exponent))
        if validate_args is None:
            validate_args = torch.distributions.Distribution._validate_args
        if validate_args and not bool((self.exponent > 0).all()):
            raise ValueError(f"PositivePowerTransform: expected exponent > 0, got {exponent}. Use PowerTransform for "
                             "other powers of positive numbers.")

    def with_cache(self, cache_size: int = 1) -> Self:
        """The same transform with another cache size."""
        if self._cache_size == cache_size:
            return self
        return type(self)(self.exponent, cache_size=cache_size, validate_args=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PositivePowerTransform) and bool((self.exponent == other.exponent).all())

    def forward_shape(self, shape: tuple[int, ...]) -> Size:
        """The shape of results from that of arguments."""
        return Size(broadcast_shape(shape, tuple(self.exponent.shape)))

    def inverse_shape(self, shape: tuple[int, ...]) -> Size:
        """The shape of arguments from that of results."""
        return Size(broadcast_shape(shape, tuple(self.exponent.shape)))

    def _call(self, x: Tensor) -> Tensor:
        return x.sign() * x.abs().pow(self.exponent)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.sign() * y.abs().pow(self.exponent.reciprocal())

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the absolute derivative."""
        return self.exponent.log() + (self.exponent - 1) * x.abs().log()
