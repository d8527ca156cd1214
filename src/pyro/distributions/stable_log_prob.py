r"""The density of standard stable distributions, by numerical integration.

A draw is a function of a uniform angle V and an exponential number W. Given the angle, the draw x says what W is, and

.. math::
    f(x) = \frac{\alpha}{\pi |1 - \alpha| |x - \zeta|} \int W e^{-W} \, dV, \quad W = W(x, V)

over the angles at which the draw can be x, with :math:`\zeta = -\beta \tan(\pi \alpha / 2)`. W is monotonic in V, so
the integrand has one peak, which is bracketed and then integrated over by the trapezoidal rule. The ends of the range
of angles are mapped to infinity.

Contract: the standard distribution in Nolan's continuous parametrization S0, computed in double precision, with a
relative error of the density of about 1e-9 unless the stability is less than 0.1. Where the stability is within 1e-5
of one and the skew within 1e-5 of zero, it is the Cauchy density with its first derivatives. The number of operations
is fixed, so it can be captured and mapped over.

Source: J. P. Nolan (1997), Numerical calculation of stable densities and distribution functions, Stochastic Models
13(4); J. M. Chambers, C. L. Mallows, B. W. Stuck (1976), A method for simulating stable random variables, JASA 71(354).
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from pyro.ops.precision import widest
from pyro.ops.quadrature import log_integral
from pyro.ops.smooth import atan_ratio, log1p_ratio, sin_ratio, x_cot_x

__all__ = ["create_integrator", "integrate", "set_integrator", "stable_log_prob"]

_NEAR_ONE = 1e-5
_REACH = 60.0
_ZOOMS = 5
_ZOOM_POINTS = 65


def create_integrator(num_points: int) -> Callable[..., Tensor]:
    """Makes a function that integrates in log space over the real line.

    Args:
        num_points: the number of values of the integrand to use.

    Returns:
        A function of the log integrand, the place, the width and the reach of its peak; see
        :func:`pyro.ops.quadrature.log_integral`.
    """

    def integrate(log_integrand: Callable[[Tensor], Tensor], center: Tensor, width: Tensor, reach: Tensor) -> Tensor:
        return log_integral(log_integrand, center, width, reach, num_points)

    return integrate


class _Integrator:
    """The integrator in use."""

    def __init__(self, num_points: int) -> None:
        self.use = create_integrator(num_points)

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        return self.use(*args, **kwargs)


integrate = _Integrator(301)
"""The integrator by which densities are computed."""


def set_integrator(num_points: int) -> None:
    """Chooses how many values of the integrand a density is computed from.

    Args:
        num_points: the number of values; 301 unless chosen.
    """
    integrate.use = create_integrator(num_points)


class _Angles(NamedTuple):
    r"""The exponential number W that belongs to an angle, for one point of one distribution each.

    With :math:`\epsilon = 1 - \alpha` and :math:`\tan \theta = \beta \tan(\pi \alpha / 2)`,

    .. math::
        W = \frac{\sin \kappa}{\sin \eta \, \sin p} R^{-\alpha / \epsilon}, \quad
        R = ((x - \zeta) \sin \eta) \frac{\sin p}{\sin \alpha y}, \quad \kappa = \epsilon V + \eta

    where p and y are the distances of V from the upper and the lower end of its range and
    :math:`\eta = \pi / 2 - \theta`. The points are reflected so that :math:`x > \zeta`.

    Angles that are small with :math:`\epsilon` are kept as their quotients by it, which are smooth.

    Attributes:
        alpha: stability.
        epsilon: 1 less the stability.
        slope: :math:`\eta / \epsilon`.
        log_distance: :math:`\log((x - \zeta) \sin \eta)`, over :math:`\epsilon`.
    """

    alpha: Tensor
    epsilon: Tensor
    slope: Tensor
    log_distance: Tensor

    @property
    def lower_slope(self) -> Tensor:
        """How much more than -pi / 2 the lower end of the range is, over epsilon."""
        slope = (self.slope - math.pi / 2) / self.alpha
        return torch.where(self.epsilon > 0, slope.clamp(min=0), slope)

    @property
    def length(self) -> Tensor:
        """Length of the range of angles."""
        return math.pi - (self.epsilon * self.lower_slope).clamp(min=0)

    def log_w(self, s: Tensor) -> Tensor:
        """log W at the angle that divides its range as sigmoid(s) to sigmoid(-s)."""
        p, y = self.length * torch.sigmoid(-s), self.length * torch.sigmoid(s)
        # kappa is what remains of a positive gap at one of the ends, where it may vanish together with p or pi - p
        upper_slope = (self.slope + math.pi / 2).clamp(max=torch.where(self.epsilon < 0, 0.0, math.inf))
        kappa_slope = torch.where(self.epsilon > 0, self.lower_slope + y, upper_slope - p)
        kappa, eta = self.epsilon * kappa_slope, self.epsilon * self.slope
        sin_p = torch.where(s > 0, p, (self.epsilon * self.lower_slope).clamp(min=0) + y).sin()
        sin_y = torch.where(s > 0, p + kappa, self.alpha * y).sin()
        # sin(alpha y) / sin(p) - 1 over epsilon, by the formula for the difference of two sines
        excess = kappa_slope * sin_ratio(kappa / 2) * ((self.alpha * y - p) / 2).sin() / sin_p
        ratio = _log_over(excess, sin_y / sin_p, self.epsilon)
        sines = kappa_slope * sin_ratio(kappa) / (self.slope * sin_ratio(eta))  # sin(kappa) / sin(eta)
        log_w = (sines / sin_p).log() + self.alpha * (ratio - self.log_distance)
        return log_w.clamp(max=700.0)

    def log_integrand(self, s: Tensor) -> Tensor:
        """log of W exp(-W) dV / ds."""
        log_w = self.log_w(s)
        return log_w - log_w.exp() + torch.nn.functional.logsigmoid(s) + torch.nn.functional.logsigmoid(-s)

    def unsqueeze(self) -> "_Angles":
        """With a new last dimension for the points of an integral."""
        return _Angles(*(tensor.unsqueeze(-1) for tensor in self))


def _log_over(excess: Tensor, argument: Tensor, epsilon: Tensor) -> Tensor:
    """The logarithm of a positive number over epsilon, given also the number's excess over one, over epsilon."""
    is_small = (epsilon * excess).abs() < 0.5
    by_excess = excess * log1p_ratio(torch.where(is_small, epsilon * excess, 0.0))
    return torch.where(is_small, by_excess, torch.where(is_small, 1.0, argument).log()
                       / torch.where(is_small, 1.0, epsilon))


def stable_log_prob(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """The log density of standard stable distributions in the parametrization S0.

    Args:
        x: points.
        alpha: stability, greater than 0 and at most 2.
        beta: skew, from -1 to 1.

    Returns:
        The log densities, of the broadcast shape and the dtype of ``x``.

    Example:
        >>> stable_log_prob(torch.tensor(0.0), torch.tensor(2.0), torch.tensor(0.0)).exp()  # Normal(0, sqrt(2))
        tensor(0.2821)
    """
    dtype = x.dtype
    x, alpha, beta = torch.broadcast_tensors(*(value.to(widest(x.device)) for value in (x, alpha, beta)))
    cauchy = _near_cauchy(x, alpha, beta).log()
    is_cauchy = ((alpha - 1).abs() < _NEAR_ONE) & (beta.abs() < _NEAR_ONE)
    # A normal distribution's angles and weights are regular, but its skew means nothing.
    alpha = torch.where(is_cauchy, 1.5, alpha)
    log_prob = _log_prob(x, alpha, torch.where(is_cauchy, 0.0, beta))
    return torch.where(is_cauchy, cauchy, log_prob).to(dtype)


def _near_cauchy(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    """The Cauchy density and what it changes by, to first order, as stability and skew leave 1 and 0.

    The derivatives of the characteristic function are t log t exp(-t) times constants; their Fourier integrals are
    the derivative with respect to s, at 2, of ``gamma(s) / (1 + i x) ** s``.
    """
    square = 1 + x.square()
    log_abs, angle = square.log() / 2, x.atan()
    real, imaginary = (1 - x.square()) / square.square(), -2 * x / square.square()  # of (1 + i x) ** -2
    digamma = 1 - 0.57721566490153286
    to_alpha = -(real * (digamma - log_abs) + imaginary * angle) / math.pi
    to_beta = 2 / math.pi**2 * (imaginary * (digamma - log_abs) - real * angle)
    near = (alpha - 1).clamp(-_NEAR_ONE, _NEAR_ONE)
    return 1 / (math.pi * square) + near * to_alpha + beta.clamp(-_NEAR_ONE, _NEAR_ONE) * to_beta


def _log_prob(x: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
    epsilon = 1 - alpha
    is_normal = alpha == 2  # there g is zero, and the cotangent has a pole
    g = 2 / math.pi * x_cot_x(math.pi / 2 * torch.where(is_normal, 0.0, epsilon))  # epsilon tan(pi alpha / 2)
    beta_g = beta * torch.where(is_normal, 0.0, g)
    side = torch.where(epsilon < 0, -1.0, 1.0)
    # the point is reflected to where x > zeta
    sign = torch.where((epsilon * x + beta_g) * side < 0, -1.0, 1.0)
    x, beta_g = sign * x, sign * beta_g
    eta = torch.atan2(epsilon * side, beta_g * side)
    is_inside = eta < math.pi / 2 * (1 + alpha)  # else there is no angle at which the draw can be x
    x, beta_g, alpha, epsilon, eta = (torch.where(is_inside, tensor, default) for tensor, default in (
        (x, 0.3), (beta_g, 0.0), (alpha, 1.5), (epsilon, -0.5), (eta, math.pi / 2)))
    slope = _slope(eta, epsilon, beta_g, torch.where(is_inside, side, -1.0))
    sine_slope = slope * sin_ratio(eta)
    excess = x * sine_slope - slope * sin_ratio(eta / 2) * (eta / 2).sin()
    distance = (x * eta.sin() + eta.cos()).clamp(min=1e-30)
    angles = _Angles(alpha, epsilon, slope, _log_over(excess, distance, epsilon)).unsqueeze()
    with torch.no_grad():
        center, width = _peak(angles)
    log_sum = integrate(angles.log_integrand, center, width, torch.full_like(center, _REACH))
    # |epsilon| (x - zeta) = |epsilon| distance / sin(eta)
    log_prob = log_sum + (alpha * angles.length.squeeze(-1) * sine_slope.abs() / (math.pi * distance)).log()
    return torch.where(is_inside, log_prob, -math.inf)


def _slope(eta: Tensor, epsilon: Tensor, beta_g: Tensor, side: Tensor) -> Tensor:
    """eta over epsilon."""
    is_small = epsilon.abs() < 0.1 * beta_g * side
    safe = torch.where(is_small, beta_g, 1.0)
    small = atan_ratio(torch.where(is_small, epsilon, 0.0) / safe) / safe
    return torch.where(is_small, small, eta / torch.where(is_small, 1.0, epsilon))


def _peak(angles: _Angles) -> tuple[Tensor, Tensor]:
    """Where the integrand is largest, and on what scale it falls off: found by a grid that zooms in."""
    grid = torch.linspace(0, 1, _ZOOM_POINTS, dtype=angles.alpha.dtype, device=angles.alpha.device)
    low = torch.full_like(angles.alpha, -150.0)
    step = torch.full_like(low, 300.0)
    for _ in range(_ZOOMS):
        places = low + step * grid
        best = angles.log_integrand(places).argmax(-1, keepdim=True)
        step = 2 * step / (_ZOOM_POINTS - 1)
        low = places.gather(-1, best) - step / 2
    center = low + step / 2
    nearby = torch.cat([center - step, center + step], -1)
    slope = angles.log_w(nearby).diff(dim=-1) / (2 * step)
    curvature = angles.log_w(center).clamp(max=50).exp() * slope.square()
    return center.squeeze(-1), (1 + curvature).rsqrt().squeeze(-1)
