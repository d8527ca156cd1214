"""Lévy distribution: the time at which a Brownian motion first reaches a level."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.ops.log_space import select

__all__ = ["Levy"]

_EULER = 0.5772156649015329


class Levy(Parametric):
    r"""Lévy distribution, stable with index 1/2 and totally skewed to the right.

    .. math::
        p(x) = \sqrt{\frac{c}{2 \pi}} \, \frac{e^{-c / 2 y}}{y^{3/2}}, \quad y = x - \mu

    Args:
        loc: lower end :math:`\mu`, real.
        scale: scale :math:`c > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the reals greater than ``loc``.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 15.

    Example:
        >>> Levy(0.0, 1.0).log_prob(torch.tensor(1.0))
        tensor(-1.4189)
    """

    has_rsample = True
    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    loc: Tensor
    scale: Tensor

    def __init__(self, loc: Tensor | float, scale: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(loc=loc, scale=scale, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        """The reals greater than ``loc``."""
        return constraints.greater_than(self.loc)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws the scale over the square of a normal draw, with gradients to the parameters."""
        noise = torch.randn(self.shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        tiny = torch.finfo(noise.dtype).tiny
        # a time that is lost in the rounding of loc is the next number
        above = torch.nextafter(self.loc, torch.full_like(self.loc, math.inf)).detach()
        return torch.maximum(self.loc + self.scale / noise.square().clamp(min=tiny), above)

    def _log_density(self, value: Tensor) -> Tensor:
        y = value - self.loc
        return 0.5 * (self.scale / (2 * math.pi)).log() - self.scale / (2 * y) - 1.5 * y.log()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        y = value - self.loc
        is_inside = y > 0
        z = (self.scale / (2 * select(is_inside, y, 1.0))).sqrt()
        return torch.where(is_inside, torch.erfc(z), 0.0)

    def icdf(self, value: Tensor) -> Tensor:
        """The value below which a probability lies."""
        z: Tensor = torch.special.ndtri(value / 2)
        return self.loc + self.scale / z.square()

    @property
    def mean(self) -> Tensor:
        """The mean, which is infinite."""
        return torch.full_like(self.loc, math.inf)

    @property
    def variance(self) -> Tensor:
        """The variance, which is infinite."""
        return torch.full_like(self.loc, math.inf)

    def entropy(self) -> Tensor:
        """The entropy, (1 + 3 gamma + log(16 pi c^2)) / 2 with Euler's constant gamma."""
        return self.scale.log() + (1 + 3 * _EULER + math.log(16 * math.pi)) / 2
