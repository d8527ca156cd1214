r"""Moments of a unit normal variable over the positive half line, in log space.

.. math::
    I_n(t) = \int_0^\infty r^{n - 1} e^{-(r - t)^2 / 2} \, dr

Integration by parts gives :math:`I_{n + 2} = t I_{n + 1} + n I_n`, a sum of positive terms for positive t. For negative
t it cancels; there the ratios :math:`\rho_n = I_{n + 1} / I_n = n / (\rho_{n + 1} - t)` are a continued fraction, whose
tail tends to the fixed point of that map. Derivatives are ratios too: :math:`(\log I_n)' = s_n = \rho_n - t`, and
:math:`s_n' = s_n (s_{n - 1} - s_n)` with :math:`s_0 = -t`.

Contract: any order of derivatives is right, and every value is finite where its logarithm is a number.

Source: NIST Digital Library of Mathematical Functions, sections 12.5 and 12.8, https://dlmf.nist.gov/12.8, where
:math:`I_n(t) = \Gamma(n) e^{-t^2 / 4} U(n - 1/2, -t)`.
"""

import math
from typing import Any

import torch
from torch import Tensor

from pyro.ops.validation import surely_none

__all__ = ["log_radial_normal"]

_FAR = -3.0
"""Below this the continued fraction is used."""
_TERMS = 24
"""Terms of the fraction that give float64's digits there."""


def log_radial_normal(t: Tensor, n: int) -> Tensor:
    """The logarithm of the moment.

    Args:
        t: the normal variable's mean, any shape.
        n: the moment's order plus one, at least 1. Meant for small n: above 4, digits cancel for t between -3 and 0.

    Returns:
        The logarithms, of the shape of ``t``.

    Example:
        >>> log_radial_normal(torch.tensor([0.0, -50.0]), 2)
        tensor([    0.0000, -1257.8252])
    """
    log_moment: Tensor = _LogMoment.apply(t, n)[0]  # type: ignore[no-untyped-call]
    return log_moment


class _LogMoment(torch.autograd.Function):
    """The logarithm and its derivative, which is saved and differentiated in its turn where that is asked for."""

    generate_vmap_rule = True

    @staticmethod
    def forward(t: Tensor, n: int) -> tuple[Tensor, Tensor]:
        moment, rise = _by_recurrence(t.clamp(min=_FAR), n)
        log_moment, slope = moment.log(), rise / moment
        is_far = t < _FAR
        if surely_none(is_far):  # as in most batches
            return log_moment, slope
        log_far, far_slope = _by_fraction(t.clamp(max=_FAR), n)
        return torch.where(is_far, log_far, log_moment), torch.where(is_far, far_slope, slope)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, int], output: tuple[Tensor, Tensor]) -> None:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(inputs[0], output[1])
        ctx.n = inputs[1]

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None, grad_slope: Tensor | None) -> tuple[Tensor | None, None]:
        t, slope = ctx.saved_tensors
        total = None if grad is None else grad * slope
        if grad_slope is not None:
            lower = _LogMoment.apply(t, ctx.n - 1)[1] if ctx.n > 1 else -t  # type: ignore[no-untyped-call]
            bend = grad_slope * slope * (lower - slope)
            total = bend if total is None else total + bend
        return total, None


def _by_recurrence(t: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The moment and its derivative, for t that are not far below zero."""
    moment, rise = math.sqrt(math.pi / 2) * torch.erfc(t / -math.sqrt(2)), (t.square() / -2).exp()
    for k in range(1, n):
        moment, rise = t * moment + rise, k * moment
    return moment, rise


def _by_fraction(t: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """The logarithm and its derivative, for t far below zero."""
    log_moment = torch.special.erfcx(t / -math.sqrt(2)).log() - t.square() / 2 + math.log(math.pi / 2) / 2
    end = n + _TERMS
    ratio = slope = (t + (t.square() + 4 * end).sqrt()) / 2  # the fixed point
    for k in range(end - 1, 0, -1):
        ratio = k / (ratio - t)
        if k == n:
            slope = ratio - t
        if k < n:
            log_moment = log_moment + ratio.log()
    return log_moment, slope
