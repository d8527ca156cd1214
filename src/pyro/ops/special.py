"""Special functions: logarithms of beta and Bessel functions and of binomial coefficients, Gauss-Hermite quadrature.

Contract: elementwise, differentiable functions of broadcastable tensors. With a tolerance they replace the gamma
function by Stirling's series, whose error is bounded: ``0 < log G(z) - S(z) < 1 / (12 z)`` for
``S(z) = (z - 1/2) log z - z + log(2 pi) / 2``. To make z large enough, the recurrence ``G(z + 1) = z G(z)`` moves every
argument up by the same number of steps.

Source: NIST Digital Library of Mathematical Functions, sections 5.5 and 5.11, https://dlmf.nist.gov/5.11
"""

import math
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["get_quad_rule", "log_I1", "log_beta", "log_binomial", "safe_log", "sparse_multinomial_likelihood"]

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


def safe_log(x: Tensor) -> Tensor:
    """The logarithm, with a gradient that is finite at zero: the slope stays what it is at the machine epsilon.

    Args:
        x: nonnegative numbers.

    Returns:
        Their logarithms.

    Example:
        >>> import torch
        >>> x = torch.tensor(0.0, requires_grad=True)
        >>> torch.autograd.grad(safe_log(x), x)
        (tensor(8388608.),)
    """
    eps = torch.finfo(x.dtype).eps
    straight = x.detach().log() + (x - x.detach()) / eps
    return torch.where(x < eps, straight, x.clamp(min=eps).log())


def log_I1(orders: int, value: Tensor, terms: int = 250) -> Tensor:
    r"""Logarithms of modified Bessel functions of the first kind, of all integer orders up to a largest one.

    .. math::
        I_k(x) = \sum_{m=0}^\infty \frac{(x / 2)^{2 m + k}}{m! (m + k)!}

    Args:
        orders: the largest order.
        value: positive numbers x.
        terms: the number of terms of the series; it takes about x terms to converge.

    Returns:
        The logarithms for the orders 0, ..., ``orders`` along a new leftmost dimension. A scalar counts as a vector of
        length one.

    Example:
        >>> log_I1(1, torch.tensor([2.0])).exp()
        tensor([[2.2796],
                [1.5906]])
    """
    value = value.reshape(value.shape or (1,))
    m = torch.arange(float(terms), dtype=value.dtype, device=value.device)
    k = torch.arange(float(orders + 1), dtype=value.dtype, device=value.device)
    log_factorials = (m + 1).lgamma() + (k[:, None] + m + 1).lgamma()
    k, m = k.reshape((-1,) + (1,) * value.dim()), m.reshape((-1,) + (1,) * (value.dim() + 1))
    log_terms = (2 * m + k) * (value / 2).log() - log_factorials.mT.reshape(m.shape[:1] + k.shape)
    return log_terms.logsumexp(0)


def get_quad_rule(num_quad: int, prototype_tensor: Tensor) -> tuple[Tensor, Tensor]:
    r"""The Gauss-Hermite rule for expectations under the standard normal distribution.

    .. math::
        \mathbb{E}\, f(z) \approx \sum_i w_i f(z_i)

    Args:
        num_quad: the number of points; exact for polynomials of degree less than twice as large.
        prototype_tensor: a tensor whose dtype and device the result takes.

    Returns:
        The points z and the log weights, each of shape (num_quad,).

    References:
        G. H. Golub, J. H. Welsch (1969), "Calculation of Gauss quadrature rules"

    Example:
        >>> points, log_weights = get_quad_rule(3, torch.zeros(()))
        >>> (points.pow(4) * log_weights.exp()).sum()
        tensor(3.0000)
    """
    points, log_weights = _quad_rule(num_quad)
    options: dict[str, Any] = {"dtype": prototype_tensor.dtype, "device": prototype_tensor.device}
    return torch.tensor(points, **options), torch.tensor(log_weights, **options)


@cache
def _quad_rule(num_quad: int) -> tuple[list[float], list[float]]:
    """Points and log weights, as numbers: a program that is captured does not compute them again.

    The points are the eigenvalues of the Jacobi matrix of the polynomials; each weight comes from the values of the
    orthonormal polynomials there, which keeps its relative accuracy however small it is.
    """
    off_diagonal = np.sqrt(np.arange(1.0, num_quad))
    points = np.linalg.eigvalsh(np.diag(off_diagonal, 1) + np.diag(off_diagonal, -1))
    points = (points - points[::-1]) / 2
    previous, current = np.zeros_like(points), np.ones_like(points)
    total = current**2
    for degree in range(1, num_quad):
        following = (points * current - math.sqrt(degree - 1) * previous) / math.sqrt(degree)
        previous, current = current, following
        total = total + current**2
    return points.tolist(), (-np.log(total)).tolist()


def sparse_multinomial_likelihood(total_count: Tensor, nonzero_logits: Tensor, nonzero_value: Tensor) -> Tensor:
    """The log probability of counts under a multinomial distribution, from the nonzero counts alone.

    Args:
        total_count: the number of trials, the sum of the counts.
        nonzero_logits: normalised log probabilities of the outcomes that occurred.
        nonzero_value: their counts.

    Returns:
        The log probability, summed over everything.
    """
    return (total_count + 1).lgamma().sum() + (nonzero_value * nonzero_logits - (nonzero_value + 1).lgamma()).sum()
