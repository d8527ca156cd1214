r"""Logarithms of the regularised incomplete gamma and beta functions, and of Student's t tail, with all gradients.

Each is a tail of a density that is log-concave in the right variable, so that the exponent of

.. math::
    P(a, x) = \frac{x^a e^{-x}}{\Gamma(a)} \int_0^\infty \! e^{x (1 - e^{-s}) - a s} ds, \quad
    Q(a, x) = \frac{x^a e^{-x}}{\Gamma(a)} \int_0^\infty \! e^{a s - x (e^s - 1)} ds

starts at zero and falls ever faster. The part in front reaches arbitrarily far into the tail without underflow; the
integral is a sum over a fixed rule (:mod:`pyro.ops.half_line`). Torch's own functions underflow and know no gradient in
the first parameter. A large tail is the complement of the small one.

Source: NIST Digital Library of Mathematical Functions, sections 8.2 and 8.17, https://dlmf.nist.gov/8.2
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from pyro.ops.half_line import log_half_line_integral, width_of_decay
from pyro.ops.log_space import log1mexp, select
from pyro.ops.normal_tail import log_ndtri

__all__ = ["gamma_quantile", "gamma_quantile_lower", "gamma_quantile_upper", "log_betainc",
           "log_gamma_tails", "log_gammainc", "log_gammaincc", "log_student_tail", "student_quantile_upper"]

_NEWTON_STEPS = 6
_LARGE = 15.0
"""Stirling's series with five terms has twelve digits from here on."""


def log_gammainc(a: Tensor, x: Tensor) -> Tensor:
    """The logarithm of the lower regularised incomplete gamma function ``P(a, x)``.

    Args:
        a: positive numbers.
        x: nonnegative numbers, broadcastable with ``a``.

    Returns:
        The logarithm, of the broadcast shape.

    Example:
        >>> log_gammainc(torch.tensor(1.0), torch.tensor(2.0)).exp()
        tensor(0.8647)
    """
    return log_gamma_tails(a, x)[0]


def log_gammaincc(a: Tensor, x: Tensor) -> Tensor:
    """The logarithm of the upper regularised incomplete gamma function ``Q(a, x)``.

    Args:
        a: positive numbers.
        x: nonnegative numbers, broadcastable with ``a``.

    Returns:
        The logarithm, of the broadcast shape.

    Example:
        >>> log_gammaincc(torch.tensor(1.0), torch.tensor(2000.0))
        tensor(-2000.)
    """
    return log_gamma_tails(a, x)[1]


def log_gamma_tails(a: Tensor, x: Tensor, is_rough: bool = False) -> tuple[Tensor, Tensor]:
    """The logarithms of both functions, for the price of one.

    Args:
        a: positive numbers.
        x: nonnegative numbers, broadcastable with ``a``.
        is_rough: whether a few digits are enough.

    Returns:
        The logarithms of ``P(a, x)`` and of ``Q(a, x)``.
    """
    a, x = torch.broadcast_tensors(a, x)
    is_zero, is_all = x <= 0, x == math.inf
    x = select(~(is_zero | is_all), x, 1.0)
    is_low = x <= a.clamp(min=1.0)
    integral = _log_gamma_integral(a, x, torch.where(is_low, -1.0, 1.0).to(x.dtype), is_rough)
    small = (_log_gamma_front(a, x) + integral).clamp(max=-torch.finfo(x.dtype).tiny)
    large = log1mexp(small)
    log_p, log_q = torch.where(is_low, small, large), torch.where(is_low, large, small)
    log_p = torch.where(is_zero, -math.inf, torch.where(is_all, 0.0, log_p))
    log_q = torch.where(is_zero, 0.0, torch.where(is_all, -math.inf, log_q))
    return log_p, log_q


def _log_gamma_front(a: Tensor, x: Tensor) -> Tensor:
    """The logarithm of ``x^a e^-x / G(a)``; where its terms cancel, by Stirling's series."""
    cancels = (a > _LARGE) & ((x - a).abs() < 0.5 * a)
    shape = select(~cancels, a, 1.0)
    direct = shape * x.log() - x - shape.lgamma()
    a, x = select(cancels, a, _LARGE), select(cancels, x, _LARGE)
    excess, square = (x - a) / a, a.square()
    rest = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square) / square) / square) / a
    return torch.where(cancels, a * (excess.log1p() - excess) + 0.5 * (a / (2 * math.pi)).log() - rest, direct)


def _log_gamma_integral(a: Tensor, x: Tensor, sign: Tensor, is_rough: bool) -> Tensor:
    """Of the tail below (sign -1, x <= max(a, 1)) or above (sign 1, x > max(a, 1))."""

    def drop(a: Tensor, x: Tensor, t: Tensor) -> Tensor:
        # the exponential of a node far beyond the width may overflow, where the integrand is zero anyhow
        return x * t.clamp(max=50.0).expm1() - a * t

    a_, x_ = a.detach(), x.detach()
    slope = sign * (x_ - a_)
    start = torch.where(slope >= 0, 2 / (slope.clamp(min=0) + (slope.square() + 2 * x_).sqrt()), (1 + x_) / a_)
    width = width_of_decay(
        lambda s: drop(a_, x_, sign * s), lambda s: sign * (x_ * (sign * s).clamp(max=50.0).exp() - a_), start)
    a, x, sign = a[..., None], x[..., None], sign[..., None]
    return log_half_line_integral(lambda s: -drop(a, x, sign * s), width, is_rough)


def gamma_quantile_lower(a: Tensor, log_p: Tensor) -> Tensor:
    """The number below which a standard gamma variable falls with a probability of at most one half.

    Args:
        a: positive shapes.
        log_p: logarithms of probabilities, broadcastable with ``a``.

    Returns:
        The quantiles, differentiable in both.

    Example:
        >>> gamma_quantile_lower(torch.tensor(1.0), torch.tensor(-50.0)).log()
        tensor(-50.)
    """
    return gamma_quantile(a, log_p, log1mexp(log_p))


def gamma_quantile_upper(a: Tensor, log_q: Tensor) -> Tensor:
    """The number above which a standard gamma variable falls with a probability of at most one half.

    Args:
        a: positive shapes.
        log_q: logarithms of probabilities, broadcastable with ``a``.

    Returns:
        The quantiles, differentiable in both.

    Example:
        >>> gamma_quantile_upper(torch.tensor(1.0), torch.tensor(-100.0))
        tensor(100.0000)
    """
    return gamma_quantile(a, log1mexp(log_q), log_q)


def gamma_quantile(a: Tensor, log_p: Tensor, log_q: Tensor) -> Tensor:
    """The number below which a standard gamma variable falls with probability p, above which with probability q.

    Args:
        a: positive shapes.
        log_p: logarithms of probabilities, broadcastable with ``a``.
        log_q: those of their complements; of both, the smaller one counts.

    Returns:
        The quantiles, differentiable in all three.

    Example:
        >>> gamma_quantile(torch.tensor(1.0), torch.tensor(0.5).log(), torch.tensor(0.5).log())
        tensor(0.6931)
    """
    a, log_p, log_q = torch.broadcast_tensors(a, log_p, log_q)
    is_low = log_p <= log_q
    target = torch.where(is_low, log_p, log_q)

    def miss(y: Tensor, is_rough: bool) -> Tensor:
        return target - torch.where(is_low, *log_gamma_tails(a, y.exp(), is_rough))

    with torch.no_grad():
        sign = torch.where(is_low, 1.0, -1.0).to(a.dtype)
        starts = torch.stack([
            (log_p + (a + 1).lgamma()) / a,  # P(a, x) < x^a / G(a + 1)
            a.log() + 3 * _wilson_hilferty(a, sign * log_ndtri(target)).clamp(min=1e-3).log(),
            (-log_q - a.lgamma() + (a - 1) * (1 - log_q).log()).clamp(min=1e-3).log(),
        ]).clamp(min=_log_tiny(a))
        misses = miss(starts, is_rough=True).abs().nan_to_num(nan=math.inf)
        y = starts.gather(0, misses.argmin(0, keepdim=True))[0]
        for _ in range(_NEWTON_STEPS):
            y = _gamma_step(y, a, target, miss(y, is_rough=True), sign)
    return _gamma_step(y, a, target, miss(y, is_rough=False), sign).exp()


def _wilson_hilferty(a: Tensor, z: Tensor) -> Tensor:
    """The cube root of a gamma variable over its shape is nearly normal; this is its quantile."""
    return 1 - 1 / (9 * a) + z / (3 * a.sqrt())


def _gamma_step(y: Tensor, a: Tensor, target: Tensor, miss: Tensor, sign: Tensor) -> Tensor:
    """A step of Newton's method in the logarithm of x. With gradients on, it gives the implicit ones."""
    a_, y = a.detach(), y.detach()
    log_tail = (target - miss).detach()
    step = sign * miss * (log_tail - _log_gamma_front(a_, y.exp())).exp()
    bounded = step.detach().clamp(-2.0, 2.0)
    return (y + step + (bounded - step.detach())).clamp(min=_log_tiny(y))


def _log_tiny(x: Tensor) -> float:
    """The least logarithm of a quantile: one that underflows is the least positive number."""
    return math.log(torch.finfo(x.dtype).tiny)


def log_betainc(a: Tensor, b: Tensor, logit: Tensor) -> Tensor:
    """The logarithm of the regularised incomplete beta function ``I_x(a, b)``; its complement swaps and negates.

    Args:
        a: positive numbers.
        b: positive numbers.
        logit: the log odds ``log(x / (1 - x))``, which keep the digits of x near one.

    Returns:
        The logarithm, of the broadcast shape.

    Example:
        >>> log_betainc(torch.tensor(2.0), torch.tensor(1.0), torch.tensor(0.0)).exp()
        tensor(0.2500)
    """
    a, b, y = torch.broadcast_tensors(a, b, logit)
    is_low = y <= a.log() - b.log()
    front = a * logsigmoid(y) + b * logsigmoid(-y) - a.lgamma() - b.lgamma() + (a + b).lgamma()
    integral = _log_beta_integral(torch.where(is_low, a, b), torch.where(is_low, b, a), torch.where(is_low, y, -y))
    small = (front + integral).clamp(max=-torch.finfo(y.dtype).tiny)
    return torch.where(is_low, small, log1mexp(small))


def _log_beta_integral(a: Tensor, b: Tensor, y: Tensor) -> Tensor:
    """For y at most the mode, log(a / b)."""
    a_, b_, y_ = a.detach(), b.detach(), y.detach()

    def drop(a: Tensor, b: Tensor, y: Tensor, s: Tensor) -> Tensor:
        # log sigmoid(y) - log sigmoid(y - s) and the like, without the difference of large numbers
        return a * (s + softplus(y - s) - softplus(y)) + b * (softplus(y - s) - softplus(y))

    slope = (a_ * torch.sigmoid(-y_) - b_ * torch.sigmoid(y_)).clamp(min=0)
    curvature = (a_ + b_) * torch.sigmoid(y_) * torch.sigmoid(-y_)
    start = 2 / (slope + (slope.square() + 2 * curvature).sqrt())
    width = width_of_decay(lambda s: drop(a_, b_, y_, s), lambda s: a_ - (a_ + b_) * torch.sigmoid(y_ - s), start)
    a, b, y = a[..., None], b[..., None], y[..., None]
    return log_half_line_integral(lambda s: -drop(a, b, y, s), width)


def log_student_tail(df: Tensor, z: Tensor) -> Tensor:
    r"""The log probability that a Student t variable exceeds a number.

    With :math:`t = \sqrt\nu \sinh y` the density is proportional to :math:`\cosh(y)^{-\nu}`.

    Args:
        df: degrees of freedom.
        z: numbers, broadcastable with ``df``.

    Returns:
        The logarithm, of the broadcast shape.

    Example:
        >>> log_student_tail(torch.tensor(1.0), torch.tensor([-1.0, 1.0])).exp()
        tensor([0.7500, 0.2500])
    """
    df, z = torch.broadcast_tensors(df, z)
    is_high = z >= 0
    tail = _log_student_high(df, torch.asinh(torch.where(is_high, z, -z) / df.sqrt()))
    return torch.where(is_high, tail, log1mexp(tail))


def student_quantile_upper(df: Tensor, log_q: Tensor) -> Tensor:
    """The number that a Student t variable exceeds with a probability of at most one half.

    Args:
        df: degrees of freedom.
        log_q: logarithms of probabilities, broadcastable with ``df``.

    Returns:
        The quantiles, differentiable in both.

    Example:
        >>> student_quantile_upper(torch.tensor(1.0), torch.tensor(0.25).log())
        tensor(1.0000)
    """
    df, log_q = torch.broadcast_tensors(df, log_q)

    def step(y: Tensor, is_rough: bool) -> Tensor:
        log_tail = _log_student_high(df, y, is_rough)
        log_slope = -df * _log_cosh(y) + _log_student_constant(df) - log_tail
        return y + (log_tail - log_q) * (-log_slope.detach()).exp()

    with torch.no_grad():
        y = torch.asinh(-log_ndtri(log_q).clamp(max=0) / df.sqrt())
        for _ in range(_NEWTON_STEPS):
            y = step(y, is_rough=True).clamp(min=0)
    return df.sqrt() * torch.sinh(step(y, is_rough=False))


def _log_student_constant(df: Tensor) -> Tensor:
    return ((df + 1) / 2).lgamma() - (df / 2).lgamma() - 0.5 * math.log(math.pi)


def _log_cosh(y: Tensor) -> Tensor:
    return y + softplus(-2 * y) - math.log(2)


def _log_student_high(df: Tensor, y: Tensor, is_rough: bool = False) -> Tensor:
    df_, y_ = df.detach(), y.detach()
    slope = df_ * torch.tanh(y_)
    start = 2 / (slope + (slope.square() + 2 * df_ / torch.cosh(y_.clamp(max=40.0)).square()).sqrt())

    def drop(df: Tensor, y: Tensor, s: Tensor) -> Tensor:
        return df * (s + softplus(-2 * (y + s)) - softplus(-2 * y))

    width = width_of_decay(lambda s: drop(df_, y_, s), lambda s: df_ * torch.tanh(y_ + s), start)
    wide_df, wide_y = df[..., None], y[..., None]
    integral = log_half_line_integral(lambda s: -drop(wide_df, wide_y, s), width, is_rough)
    return integral - df * _log_cosh(y) + _log_student_constant(df)
