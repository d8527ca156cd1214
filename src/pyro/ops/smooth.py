r"""Quotients that are smooth where both numerator and denominator vanish, with all their derivatives.

Contract: elementwise, differentiable everywhere, exact to rounding: near zero by the power series, of which the
derivative is exact too, elsewhere by the quotient itself.

Source: NIST Digital Library of Mathematical Functions, section 4.19, https://dlmf.nist.gov/4.19
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

__all__ = ["atan_ratio", "expm1_ratio", "log1p_ratio", "sin_ratio", "x_cot_x"]


_NEAR = 0.01
"""Up to here the series is used; beyond, the derivative of a quotient loses at most two digits by cancellation."""

_ATAN = [(-1) ** n / (2 * n + 1) for n in range(5)]
_COT = [1.0, -1 / 3, -1 / 45, -2 / 945, -1 / 4725]
_EXPM1 = [1 / math.factorial(n + 1) for n in range(8)]
_LOG1P = [(-1) ** n / (n + 1) for n in range(9)]
_SIN = [(-1) ** n / math.factorial(2 * n + 1) for n in range(4)]


def _quotient(x: Tensor, coefficients: Sequence[float], power: int, far: Callable[[Tensor], Tensor]) -> Tensor:
    """A power series in ``x ** power`` near zero, a formula elsewhere."""
    is_near = x.abs() < _NEAR
    z = torch.where(is_near, x, 0.0) ** power
    series = torch.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        series = series * z + coefficient
    return torch.where(is_near, series, far(torch.where(is_near, 1.0, x)))


def atan_ratio(x: Tensor) -> Tensor:
    """The quotient ``atan(x) / x``, which is 1 at zero.

    Args:
        x: numbers.

    Example:
        >>> atan_ratio(torch.tensor([0.0, 1.0]))
        tensor([1.0000, 0.7854])
    """
    return _quotient(x, _ATAN, 2, lambda x: x.atan() / x)


def expm1_ratio(x: Tensor) -> Tensor:
    """The quotient ``(exp(x) - 1) / x``, which is 1 at zero.

    Args:
        x: numbers.

    Example:
        >>> expm1_ratio(torch.tensor([0.0, 1.0]))
        tensor([1.0000, 1.7183])
    """
    return _quotient(x, _EXPM1, 1, lambda x: x.expm1() / x)


def log1p_ratio(x: Tensor) -> Tensor:
    """The quotient ``log(1 + x) / x``, which is 1 at zero.

    Args:
        x: numbers greater than -1.

    Example:
        >>> log1p_ratio(torch.tensor([0.0, 1.0]))
        tensor([1.0000, 0.6931])
    """
    return _quotient(x, _LOG1P, 1, lambda x: x.log1p() / x)


def sin_ratio(x: Tensor) -> Tensor:
    """The quotient ``sin(x) / x``, which is 1 at zero.

    Args:
        x: numbers.

    Example:
        >>> sin_ratio(torch.tensor([0.0, 1.0]))
        tensor([1.0000, 0.8415])
    """
    return _quotient(x, _SIN, 2, lambda x: x.sin() / x)


def x_cot_x(x: Tensor) -> Tensor:
    """The product ``x cot(x)``, which is 1 at zero.

    Args:
        x: numbers between -pi and pi.

    Example:
        >>> x_cot_x(torch.tensor([0.0, 1.0]))
        tensor([1.0000, 0.6421])
    """
    return _quotient(x, _COT, 2, lambda x: x / x.tan())
