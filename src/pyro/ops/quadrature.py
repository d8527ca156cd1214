r"""Integrals over the real line of functions with one peak, in log space.

The trapezoidal rule in :math:`\tau`, where the place is :math:`c + w \sinh \tau`, converges exponentially for a
function that is smooth on the scale :math:`w` near its peak :math:`c` and decays at least exponentially far away.

Contract: the number of points is fixed, so it can be captured and mapped over. Where the points are is chosen without
gradient, on which the integral does not depend.

Reference: L. N. Trefethen, J. A. C. Weideman (2014), The exponentially convergent trapezoidal rule, SIAM Review 56(3).
"""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["log_integral"]


def log_integral(
    log_integrand: Callable[[Tensor], Tensor], center: Tensor, width: Tensor, reach: Tensor, num_points: int
) -> Tensor:
    """The logarithm of the integral of the exponential of a function.

    Args:
        log_integrand: the function, elementwise, of places along a new last dimension.
        center: where its peak is, about.
        width: the scale of the peak.
        reach: how far on either side of the peak the integrand matters.
        num_points: how many values of the function to use.

    Returns:
        The logarithms, of the shape of ``center``.

    Example:
        >>> one = torch.ones(())
        >>> log_integral(lambda x: -x.square() / 2, 0 * one, one, 10 * one, 41) * 2  # log(2 pi)
        tensor(1.8379)
    """
    with torch.no_grad():
        end = torch.asinh(reach / width).unsqueeze(-1)
        tau = end * torch.linspace(-1, 1, num_points, dtype=center.dtype, device=center.device)
        places = center.unsqueeze(-1) + width.unsqueeze(-1) * tau.sinh()
        log_weights = tau.cosh().log() + (width.unsqueeze(-1) * end * (2 / (num_points - 1))).log()
    return (log_integrand(places) + log_weights).logsumexp(-1)
