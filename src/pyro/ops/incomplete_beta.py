r"""The cdf of the beta distribution and its inverse, with gradients in all arguments.

.. math::
    I_x(a, b) = \frac{1}{B(a, b)} \int_0^x t^{a - 1} (1 - t)^{b - 1} \, dt

Contract: elementwise functions of broadcastable tensors, of a fixed number of operations. The logarithm of the integral
comes from :mod:`pyro.ops.incomplete`; here its ends and its inverse are added.

Source: NIST Digital Library of Mathematical Functions, section 8.17, https://dlmf.nist.gov/8.17
"""

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from pyro.ops.incomplete import log_betainc
from pyro.ops.log_space import select
from pyro.ops.special import log_beta

__all__ = ["betainc", "betaincinv"]

_STEPS = 6


def betainc(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    """The regularised incomplete beta function.

    Args:
        a: positive numbers.
        b: positive numbers, broadcastable with ``a``.
        x: numbers from 0 to 1, broadcastable with both.

    Returns:
        Numbers from 0 to 1, of the broadcast shape.

    Example:
        >>> betainc(torch.tensor(1.0), torch.tensor(2.0), torch.tensor(0.5))
        tensor(0.7500)
    """
    is_inside = (x > 0) & (x < 1)
    inside = select(is_inside, x, 0.5)
    probability = log_betainc(a, b, inside.log() - (-inside).log1p()).exp()
    return torch.where(is_inside, probability, (x > 0).to(probability.dtype))


def betaincinv(a: Tensor, b: Tensor, p: Tensor) -> Tensor:
    """The inverse of :func:`betainc` in its last argument.

    Halley's method on the logarithm of the smaller tail, in logits. That logarithm is concave, and a power law bounds
    the root from below. The last step is one of Newton's method, which carries the gradients.

    Args:
        a: positive numbers.
        b: positive numbers, broadcastable with ``a``.
        p: numbers from 0 to 1, broadcastable with both.

    Returns:
        The x with ``betainc(a, b, x) == p``, of the broadcast shape.

    Example:
        >>> betaincinv(torch.tensor(1.0), torch.tensor(2.0), torch.tensor(0.75))
        tensor(0.5000)
    """
    a, b, p = torch.broadcast_tensors(a, b, p)
    is_upper = p > 0.5
    a, b = torch.where(is_upper, b, a), torch.where(is_upper, a, b)
    log_p = torch.where(is_upper, 1 - p, p).clamp(min=torch.finfo(p.dtype).tiny).log()
    with torch.no_grad():
        # Without its factor (1 - t)^b the integral is larger: e^(a y) / (a B).
        bound = (log_p + a.log() + log_beta(a, b)) / a
        spread = (torch.polygamma(1, a) + torch.polygamma(1, b)).sqrt()
        y = torch.maximum(a.digamma() - b.digamma() + spread * torch.special.ndtri(log_p.exp()), bound)
        for _ in range(_STEPS):
            y = torch.maximum(_halley_step(a, b, y, log_p), bound)
    y = _newton_step(a, b, y, log_p)
    x = torch.sigmoid(torch.where(is_upper, -y, y))
    return torch.where((p > 0) & (p < 1), x, p)


def _log_slope(a: Tensor, b: Tensor, y: Tensor, log_mass: Tensor) -> Tensor:
    """The logarithm of the derivative of the log mass below a logit: density over mass."""
    return a * logsigmoid(y) + b * logsigmoid(-y) - log_beta(a, b) - log_mass


def _newton_step(a: Tensor, b: Tensor, y: Tensor, log_p: Tensor) -> Tensor:
    """One step in the logit y, whose gradient is that of the root if y is the root."""
    log_mass = log_betainc(a, b, y)
    return y - (log_mass - log_p) * (-_log_slope(a, b, y, log_mass)).detach().exp()


def _halley_step(a: Tensor, b: Tensor, y: Tensor, log_p: Tensor) -> Tensor:
    log_mass = log_betainc(a, b, y)
    slope = _log_slope(a, b, y, log_mass).exp()
    step = (log_mass - log_p) / slope
    bend = a - (a + b) * torch.sigmoid(y) - slope  # the second derivative over the first
    return y - step / (1 - 0.5 * step * bend).clamp(min=0.5)
