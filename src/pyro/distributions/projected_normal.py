"""Projected normal distribution: the direction of a normal vector."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.ops.quadrature import log_integral
from pyro.ops.radial_normal import log_radial_normal

__all__ = ["ProjectedNormal"]


class ProjectedNormal(Parametric):
    r"""Projected normal distribution, the direction of a normal vector with mean :math:`\mu` and unit covariance.

    .. math::
        p(u) = (2 \pi)^{-n / 2} e^{-(|\mu|^2 - t^2) / 2} \int_0^\infty r^{n - 1} e^{-(r - t)^2 / 2} \, dr,
        \quad t = u^\top \mu

    For n at most 3 the integral is computed by recurrence, for more dimensions numerically. Unlike von Mises and Fisher
    distributions, it covers the sphere of any dimension and is reparameterized.

    Args:
        concentration: the vector :math:`\mu`, over the last dimension: its direction is the mode, its length the
            concentration about it; zero gives the uniform distribution.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the parameter's shape without its last dimension, of size n; event_shape is (n,).

    Support:
        the unit sphere.

    References:
        D. Hernandez-Stumpfhauser, F. J. Breidt, M. J. van der Woerd (2017), The general projected normal distribution
        of arbitrary dimension, Bayesian Analysis 12(1).

    Example:
        >>> ProjectedNormal(torch.zeros(2)).log_prob(torch.tensor([1.0, 0.0])).exp()  # 1 / (2 pi)
        tensor(0.1592)
    """

    has_rsample = True
    arg_constraints = {"concentration": constraints.real_vector}
    support = constraints.sphere
    _shaped_by = "concentration"
    concentration: Tensor

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        super().__init__(concentration.shape[-1:], concentration=concentration, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """The point of the sphere from which the mean squared distance along the sphere is least; also the mode."""
        return _direction(self.concentration)

    @property
    def mode(self) -> Tensor:
        """The direction of ``concentration``."""
        return _direction(self.concentration)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws directions, with gradients to ``concentration``."""
        mu = self.concentration
        noise = torch.randn(self.shape(sample_shape), dtype=mu.dtype, device=mu.device)
        return _direction(mu + noise)

    def _log_density(self, value: Tensor) -> Tensor:
        """The log density of directions, with respect to the surface of the sphere."""
        n = self.event_shape[0]
        t = (value * self.concentration).sum(-1)
        # |mu|^2 - t^2, without cancellation where the two are nearly parallel
        across = self.concentration - t.unsqueeze(-1) * value
        return _log_radial(t, n) - n / 2 * math.log(2 * math.pi) - across.square().sum(-1) / 2


def _direction(x: Tensor) -> Tensor:
    """The vector over its length; the first axis where it is zero."""
    first = torch.zeros_like(x)
    first[..., 0] = 1
    tiny = torch.finfo(x.dtype).tiny ** 0.5
    length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
    return torch.where(length > tiny, x / length.clamp(min=tiny), first)


def _log_radial(t: Tensor, n: int) -> Tensor:
    """The log integral of r^(n - 1) exp(-(r - t)^2 / 2) over positive r."""
    if n <= 3:
        return log_radial_normal(t, n)
    with torch.no_grad():
        # In v = log r, the integrand has its only maximum where r^2 - t r = n.
        root = (t.square() + 4 * n).sqrt()
        peak = torch.where(t > 0, (t + root) / 2, 2 * n / (root - t))
        width = (peak * (2 * peak - t)).rsqrt()
        reach = torch.full_like(peak, 40.0 / n)

    def log_integrand(v: Tensor) -> Tensor:
        return n * v - (v.exp() - t.unsqueeze(-1)).square() / 2

    return log_integral(log_integrand, peak.log(), width, reach, num_points=81)
