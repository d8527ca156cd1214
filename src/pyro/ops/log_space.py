"""Differences of probabilities that are given by their logarithms.

Contract: elementwise, differentiable functions of broadcastable tensors; gradients are finite wherever the value is.

Source: M. Mächler (2012), Accurately computing log(1 - exp(-|a|)), R package Rmpfr.
"""

import math

import torch
from torch import Tensor

__all__ = ["log1mexp", "log_diff_exp", "select"]


def select(condition: Tensor, value: Tensor, safe: float) -> Tensor:
    """The value where the condition holds, and elsewhere a number for which what follows is finite.

    ``torch.where`` on the result of a formula sends a zero gradient into the branch that it did not take, where zero
    times an infinite derivative is NaN. On the argument it does not.

    Args:
        condition: where the formula is to be trusted.
        value: its argument.
        safe: a harmless argument.

    Returns:
        The argument to use.
    """
    return torch.where(condition, value, safe)


def log1mexp(x: Tensor) -> Tensor:
    """The logarithm of a complement, ``log(1 - exp(x))``.

    Args:
        x: logarithms of probabilities, at most zero.

    Returns:
        Logarithms of one minus those probabilities.

    Example:
        >>> log1mexp(torch.tensor([-1e-10, -50.0]))
        tensor([-2.3026e+01, -1.9287e-22])
    """
    is_near = x > -math.log(2)
    near, far = select(is_near, x, -0.5), select(~is_near, x, -1.0)
    return torch.where(is_near, (-near.expm1()).log(), (-far.exp()).log1p())


def log_diff_exp(x: Tensor, y: Tensor) -> Tensor:
    """The logarithm of a difference, ``log(exp(x) - exp(y))``.

    Args:
        x: the larger logarithms.
        y: the smaller ones, broadcastable with ``x``; negative infinity for nothing.

    Returns:
        The logarithm, negative infinity where both are equal.

    Example:
        >>> log_diff_exp(torch.tensor(-1000.0), torch.tensor(-1001.0))
        tensor(-1000.4587)
    """
    is_proper = x > y
    difference = log1mexp(select(is_proper, y, -1.0) - select(is_proper, x, 0.0))
    return torch.where(is_proper, x + difference, -math.inf)
