"""Special functions: logarithms of the beta function and of binomial coefficients.

Contract: elementwise, differentiable functions of broadcastable tensors. With a tolerance they replace the gamma
function by Stirling's series, whose error is bounded: ``0 < log G(z) - S(z) < 1 / (12 z)`` for
``S(z) = (z - 1/2) log z - z + log(2 pi) / 2``. To make z large enough, the recurrence ``G(z + 1) = z G(z)`` moves every
argument up by the same number of steps.

Source: NIST Digital Library of Mathematical Functions, sections 5.5 and 5.11, https://dlmf.nist.gov/5.11
"""

import math

from torch import Tensor

__all__ = ["log_beta", "log_binomial"]

_MAX_STEPS = 4
"""More steps of the recurrence than this cost more than the three gamma functions that they save."""


def log_beta(x: Tensor, y: Tensor, tol: float = 0.0) -> Tensor:
    """The logarithm of the beta function, ``log B(x, y) = log G(x) + log G(y) - log G(x + y)``.

    Args:
        x: positive numbers.
        y: positive numbers, broadcastable with ``x``.
        tol: absolute error that may be made to save time, rounding apart.

    Returns:
        The logarithm, of the broadcast shape.

    Example:
        >>> import torch
        >>> log_beta(torch.tensor(1.0), torch.tensor(2.0)).exp()
        tensor(0.5000)
    """
    # Moved up by s steps, each of the first two terms is off by less than 1 / (12 s), and the third makes up for some.
    steps = math.ceil(1 / (6 * tol)) if tol > 0 else math.inf
    if steps > _MAX_STEPS:
        return x.lgamma() + y.lgamma() - (x + y).lgamma()
    z = x + y
    ratio = x * y / z
    for step in range(1, int(steps)):
        ratio = ratio * ((x + step) * (y + step) / (z + step))
    x, y, z = x + steps, y + steps, z + steps
    # The linear terms of the three series add up to -steps.
    stirling = (x - 0.5) * x.log() + (y - 0.5) * y.log() - (z - 0.5) * z.log() - steps + 0.5 * math.log(2 * math.pi)
    return stirling - ratio.log()


def log_binomial(n: Tensor, k: Tensor, tol: float = 0.0) -> Tensor:
    """The logarithm of a binomial coefficient, ``log(n! / (k! (n - k)!))``.

    Args:
        n: nonnegative numbers.
        k: numbers from 0 to ``n``, broadcastable with ``n``.
        tol: absolute error that may be made to save time, rounding apart.

    Returns:
        The logarithm, of the broadcast shape.

    Example:
        >>> import torch
        >>> log_binomial(torch.tensor(4.0), torch.tensor(2.0)).exp()
        tensor(6.)
    """
    return -(n + 1).log() - log_beta(k + 1, n - k + 1, tol=tol)
