r"""Monotone splines from :math:`[-B, B]` onto itself, of rational pieces, and the identity outside.

A spline is given by its knots' steps and its derivatives at the knots. Between two knots, with
:math:`\theta = (x - x_k) / (x_{k+1} - x_k)` and the slope :math:`s` of the chord,

* the quadratic spline is the ratio of quadratics

  .. math:: y = y_k + (y_{k+1} - y_k) \frac{s \theta^2 + d_k \theta (1 - \theta)}
                                           {s + (d_{k+1} + d_k - 2 s) \theta (1 - \theta)}

* the linear spline is two ratios of linear functions, which meet with equal derivatives at
  :math:`\theta = \lambda_k`.

Both have inverses in closed form. Every function is elementwise in x, with parameters of shape ``x.shape + (bins,)``,
up to broadcasting; nothing depends on values but gathered indices.

References:
    C. Durkan, A. Bekasov, I. Murray, G. Papamakarios (2019), "Neural spline flows", NeurIPS
    H. M. Dolatabadi, S. Erfani, C. Leckie (2020), "Invertible generative modeling using linear rational splines",
    AISTATS
    J. A. Gregory, R. Delbourgo (1982), "Piecewise rational quadratic interpolation to monotonic data", IMA Journal of
    Numerical Analysis 2
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["rational_spline"]

_LEAST_STEP = 1e-3  # as a part of the interval
_LEAST_DERIVATIVE = 1e-3
_LEAST_LAMBDA = 0.025
_END_DERIVATIVE = 1 - _LEAST_DERIVATIVE  # as upstream: trained parameters mean the same map


class _Piece(NamedTuple):
    """A piece of the spline: where it starts, how far it goes, its derivatives at both ends, and lambda."""

    x: Tensor
    width: Tensor
    y: Tensor
    height: Tensor
    left: Tensor
    right: Tensor
    middle: Tensor | None


def rational_spline(
    x: Tensor, params: Sequence[Tensor], bound: float = 3.0, inverse: bool = False
) -> tuple[Tensor, Tensor]:
    """Applies a spline, or its inverse, elementwise.

    Args:
        x: arguments.
        params: widths, the knots' steps along x relative to the interval, positive, with sum one; heights, the same
            along y; derivatives at the inner knots, positive; and for the linear spline lambdas, where the two parts of
            each piece meet, from zero to one.
        bound: the interval's end B.
        inverse: whether to apply the inverse.

    Returns:
        The values, and the logarithms of the derivatives, of the map or of the inverse, as asked for.

    Shape:
        widths, heights and lambdas are ``x.shape + (bins,)``, derivatives are ``x.shape + (bins - 1,)``, up to
        broadcasting.

    Example:
        >>> halves = torch.tensor([0.5, 0.5])
        >>> y, _ = rational_spline(torch.tensor([-5.0, 0.0, 3.0]), [halves, halves, torch.ones(1)])
        >>> y
        tensor([-5.,  0.,  3.])
    """
    inside = x.abs() <= bound
    clamped = x.clamp(-bound, bound)  # what is outside takes part with a value of no harm to gradients
    piece = _piece(clamped, params, bound, inverse)
    if piece.middle is None:
        y, log_derivative = _quadratic(clamped, piece, inverse)
    else:
        y, log_derivative = _linear(clamped, piece, piece.middle, inverse)
    return torch.where(inside, y, x), torch.where(inside, log_derivative, 0.0)


def _knots(steps: Tensor, bound: float) -> Tensor:
    """The knots of steps, none of which may vanish; the ends are exact."""
    steps = _LEAST_STEP + (1 - _LEAST_STEP * steps.size(-1)) * steps
    inner = 2 * bound * steps.cumsum(-1)[..., :-1] - bound
    return torch.nn.functional.pad(torch.nn.functional.pad(inner, (1, 0), value=-bound), (0, 1), value=bound)


def _piece(x: Tensor, params: Sequence[Tensor], bound: float, inverse: bool) -> _Piece:
    """The parameters of the piece that each argument falls into."""
    widths, heights, derivatives, *lambdas = params
    xs, ys = _knots(widths, bound), _knots(heights, bound)
    slopes = torch.nn.functional.pad(_LEAST_DERIVATIVE + derivatives, (1, 1), value=_END_DERIVATIVE)
    searched = ys if inverse else xs
    index = (x.unsqueeze(-1) >= searched[..., 1:-1]).sum(-1, keepdim=True)

    def at(values: Tensor) -> Tensor:
        return torch.take_along_dim(values.expand(*index.shape[:-1], -1), index, -1).squeeze(-1)

    middle = at(_LEAST_LAMBDA + (1 - 2 * _LEAST_LAMBDA) * lambdas[0]) if lambdas else None
    return _Piece(at(xs), at(xs.diff(dim=-1)), at(ys), at(ys.diff(dim=-1)), at(slopes), at(slopes[..., 1:]), middle)


def _quadratic(x: Tensor, piece: _Piece, inverse: bool) -> tuple[Tensor, Tensor]:
    slope = piece.height / piece.width
    bend = piece.left + piece.right - 2 * slope
    if inverse:
        rise = x - piece.y
        a = piece.height * (slope - piece.left) + rise * bend
        b = piece.height * piece.left - rise * bend
        root = (b.square() + 4 * a * slope * rise).clamp(min=torch.finfo(x.dtype).tiny).sqrt()
        # of the two forms of the root in [0, 1], the one whose terms do not cancel
        is_steep = b > 0
        theta = torch.where(is_steep, 2 * slope * rise, root - b) / torch.where(is_steep, b + root, 2 * a)
        theta = theta.clamp(0, 1)
    else:
        theta = (x - piece.x) / piece.width
    rest = 1 - theta
    denominator = slope + bend * theta * rest
    numerator = piece.right * theta.square() + 2 * slope * theta * rest + piece.left * rest.square()
    log_derivative = 2 * slope.log() + numerator.log() - 2 * denominator.log()
    if inverse:
        return piece.x + piece.width * theta, -log_derivative
    return piece.y + piece.height * theta * (slope * theta + piece.left * rest) / denominator, log_derivative


def _linear(x: Tensor, piece: _Piece, middle: Tensor, inverse: bool) -> tuple[Tensor, Tensor]:
    """Weights 1, w and v at the piece's ends and at the meeting point make ratios of linear functions of theta."""
    slope = piece.height / piece.width
    right_weight = (piece.left / piece.right).sqrt()
    middle_weight = (middle * piece.left + (1 - middle) * right_weight * piece.right) / slope
    middle_rise = middle * right_weight * piece.height / (1 - middle + middle * right_weight)
    position = x - piece.y if inverse else (x - piece.x) / piece.width
    is_left = position <= (middle_rise if inverse else middle)
    zero, one = torch.zeros_like(middle), torch.ones_like(middle)
    start, end = torch.where(is_left, zero, middle), torch.where(is_left, middle, one)
    low, high = torch.where(is_left, zero, middle_rise), torch.where(is_left, middle_rise, piece.height)
    before = torch.where(is_left, one, middle_weight)
    after = torch.where(is_left, middle_weight, right_weight)
    if inverse:
        left_part, right_part = before * (position - low), after * (high - position)
        theta = (end * left_part + start * right_part) / (left_part + right_part)
    else:
        theta = position
    left_part, right_part = before * (end - theta), after * (theta - start)
    total = left_part + right_part
    log_derivative = ((end - start) * before * after * (high - low) / piece.width).log() - 2 * total.log()
    if inverse:
        return piece.x + piece.width * theta, -log_derivative
    return piece.y + low + (high - low) * right_part / total, log_derivative
