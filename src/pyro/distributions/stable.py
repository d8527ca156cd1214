"""Stable distributions: the limits of sums of independent numbers, with or without a variance."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.distributions.stable_log_prob import stable_log_prob

__all__ = ["Stable", "StableWithLogProb", "standard_stable"]


class Stable(Parametric):
    r"""Lévy's alpha-stable distribution.

    .. math::
        \mathbb{E} \, e^{i t x} = \exp\left(i t \delta - |\gamma t|^\alpha
        \left(1 + i \beta \, \mathrm{sgn}(t) \tan \tfrac{\pi \alpha}{2} (|\gamma t|^{1 - \alpha} - 1)\right)\right)

    in Nolan's parametrization S0, which is continuous in all four parameters. Draws are reparameterized; the density is
    computed by numerical integration, see :mod:`~pyro.distributions.stable_log_prob`.

    Args:
        stability: the exponent :math:`\alpha` of the tails, greater than 0 and at most 2: 2 is normal, 1 is Cauchy.
        skew: :math:`\beta` from -1 to 1, 0 is symmetric.
        scale: scale :math:`\gamma > 0`; a normal distribution's standard deviation is that times the root of 2.
        loc: location :math:`\delta`.
        coords: "S0", or "S" for the parametrization in which ``loc`` is the mean where there is one, and which jumps at
            stability 1.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        J. P. Nolan (2020), Univariate Stable Distributions, ch. 1; J. M. Chambers, C. L. Mallows, B. W. Stuck (1976),
        A method for simulating stable random variables, JASA 71(354).

    Example:
        >>> Stable(2.0, 0.0).log_prob(torch.tensor(0.0)).exp()  # 1 / sqrt(4 pi)
        tensor(0.2821)
    """

    has_rsample = True
    support = constraints.real
    arg_constraints = {
        "stability": constraints.interval(0, 2),  # 0 itself is no distribution
        "skew": constraints.interval(-1, 1),
        "scale": constraints.positive,
        "loc": constraints.real,
    }
    stability: Tensor
    skew: Tensor
    scale: Tensor
    loc: Tensor

    def __init__(
        self,
        stability: Tensor | float,
        skew: Tensor | float,
        scale: Tensor | float = 1.0,
        loc: Tensor | float = 0.0,
        coords: str = "S0",
        validate_args: bool | None = None,
    ) -> None:
        if coords not in ("S", "S0"):
            raise ValueError(f"{type(self).__name__}: expected coords to be 'S' or 'S0', got {coords!r}.")
        self.coords = coords
        super().__init__(stability=stability, skew=skew, scale=scale, loc=loc, validate_args=validate_args)

    @property
    def _tan(self) -> Tensor:
        """tan(pi alpha / 2), and zero where that is a pole."""
        pole = self.stability == 1
        tan = (math.pi / 2 * torch.where(pole, 0.0, self.stability)).tan()
        return torch.where(self.stability == 2, 0.0, tan)

    @property
    def _loc0(self) -> Tensor:
        """The location in the parametrization S0."""
        if self.coords == "S0":
            return self.loc
        at_one = 2 / math.pi * self.scale.log()
        return self.loc + self.skew * self.scale * torch.where(self.stability == 1, at_one, self._tan)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws values from an angle and an exponential number each, with gradients to all parameters.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Values of shape sample_shape + batch_shape.
        """
        shape, like = self.shape(sample_shape), self.stability
        eps = torch.finfo(like.dtype).eps
        u = torch.rand(shape, dtype=like.dtype, device=like.device).clamp(eps, 1 - eps)
        w = torch.empty(shape, dtype=like.dtype, device=like.device).exponential_().clamp(min=eps)
        return self._loc0 + self.scale * standard_stable(self.stability, self.skew, u, w)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of values, by numerical integration in double precision.

        Args:
            value: values, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self._loc0) / self.scale
        return stable_log_prob(z, self.stability, self.skew) - self.scale.log()

    @property
    def mean(self) -> Tensor:
        """The mean, NaN where the stability is at most 1."""
        mean = self._loc0 - self.skew * self.scale * self._tan
        return torch.where(self.stability > 1, mean, math.nan)

    @property
    def variance(self) -> Tensor:
        """The variance, infinite where the stability is less than 2."""
        return torch.where(self.stability == 2, 2 * self.scale.square(), math.inf)


class StableWithLogProb(Stable):
    """The same as :class:`Stable`, at the name that reparametrizers leave alone: it is scored by its density.

    Args:
        stability: as there.
        skew: as there.
        scale: as there.
        loc: as there.
        coords: as there.
        validate_args: as there.

    Example:
        >>> StableWithLogProb(1.0, 0.0).log_prob(torch.tensor(0.0)).exp()  # 1 / pi
        tensor(0.3183)
    """


def standard_stable(alpha: Tensor, beta: Tensor, u: Tensor, w: Tensor) -> Tensor:
    r"""Standard draws, by the formula of Chambers, Mallows and Stuck, without the cancellation at :math:`\alpha = 1`.

    With :math:`\epsilon = 1 - \alpha`, the angle :math:`v = \pi (u - 1/2)` and :math:`t = \tan(\pi \alpha / 2)`,

    .. math::
        x = E^{\epsilon / \alpha} (\tan v \cos \epsilon v - \sin \epsilon v)
            + \beta t \left(E^{\epsilon / \alpha} (\tan v \sin \epsilon v + \cos \epsilon v) - 1\right), \quad
        E = \frac{\cos \epsilon v + \beta t \sin \epsilon v}{w \cos v}

    where what t multiplies vanishes as :math:`\epsilon` and is computed without a difference of large numbers. A
    stability nearer to 1 than half of the digits tell counts as that far from it: the draws' derivative in it, a
    difference of terms of order :math:`1 / \epsilon`, keeps the other half.
    """
    epsilon = 1 - alpha
    with torch.no_grad():
        least = math.sqrt(torch.finfo(alpha.dtype).eps)
        shift = torch.where(epsilon.abs() < least, least - epsilon, 0.0)
    epsilon = epsilon + shift
    beta_t = beta / (math.pi / 2 * epsilon).tan()
    angle = math.pi * u
    cos_v = angle.sin()
    tan_v = -angle.cos() / cos_v
    bend = epsilon * (angle - math.pi / 2)
    sin, cos = bend.sin(), bend.cos()
    log_growth = epsilon / alpha * ((cos + beta_t * sin) / (w * cos_v)).log()
    growth = log_growth.exp()
    straight = tan_v * cos - sin
    bent = sin * (tan_v - sin / (1 + cos))  # tan v sin(epsilon v) + cos(epsilon v) - 1
    return growth * straight + beta_t * (growth * bent + log_growth.expm1())
