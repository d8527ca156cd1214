r"""The normal distribution's log cdf and its inverse, which reach arbitrarily far into the tail.

A Newton step on :math:`\log \Phi(z) = l` divides by the inverse Mills ratio :math:`\phi(z) / \Phi(z)`, which the scaled
complementary error function gives without underflow. The logarithm is concave, so the iteration converges from
anywhere; the start is already right to some digits.

Source: NIST Digital Library of Mathematical Functions, sections 7.2 and 7.12, https://dlmf.nist.gov/7.12
"""

import math

import torch
from torch import Tensor

from pyro.ops.log_space import select

__all__ = ["log_ndtr", "log_ndtri"]

_STEPS = 4
_FAR = -20.0
"""Below this log probability the start is the asymptotic series instead of the inverse of the cdf."""


def log_ndtr(z: Tensor) -> Tensor:
    """The logarithm of the standard normal cdf, like :func:`torch.special.log_ndtr`, which ``vmap`` does not know.

    Args:
        z: numbers.

    Returns:
        The logarithms of the probabilities of less.

    Example:
        >>> log_ndtr(torch.tensor([0.0, -30.0]))
        tensor([  -0.69, -454.32])
    """
    is_low = z < -1
    low, high = select(is_low, z, -1.0), select(~is_low, z, 0.0)
    scaled: Tensor = torch.special.erfcx(-low / math.sqrt(2))
    return torch.where(is_low, (scaled / 2).log() - low.square() / 2, (-torch.erfc(high / math.sqrt(2)) / 2).log1p())


def log_ndtri(log_p: Tensor) -> Tensor:
    """The number below which a standard normal falls with a probability whose logarithm is given.

    Args:
        log_p: logarithms of probabilities; close to zero their digits are few, so use the other tail there.

    Returns:
        The quantiles, differentiable in ``log_p``.

    Example:
        >>> log_ndtri(torch.tensor([-0.6931472, -454.3212]))
        tensor([ 0.0000, -30.0000])
    """
    with torch.no_grad():
        is_far = log_p < _FAR
        t = -2 * select(is_far, log_p, _FAR) - math.log(2 * math.pi)
        far = -(t - (t - t.log()).log()).sqrt()
        z = torch.where(is_far, far, torch.special.ndtri(select(~is_far, log_p, -1.0).exp()))
        for _ in range(_STEPS - 1):
            z = z + (log_p - log_ndtr(z)) * _inverse_slope(z)
    # The last step carries the gradient: the derivative of the inverse is one over the slope.
    return z + (log_p - log_ndtr(z)) * _inverse_slope(z)


def _inverse_slope(z: Tensor) -> Tensor:
    """One over the derivative of the log cdf, the Mills ratio."""
    scaled: Tensor = torch.special.erfcx(-z / math.sqrt(2))
    return scaled * math.sqrt(math.pi / 2)
