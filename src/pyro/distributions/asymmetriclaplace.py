"""Asymmetric Laplace distributions: two exponential tails of different scales, with a sharp or a soft peak."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.ops.log_space import select
from pyro.ops.normal_tail import log_erfcx

__all__ = ["AsymmetricLaplace", "SoftAsymmetricLaplace"]


class _TwoTails(Parametric):
    """What the two families share: scale, asymmetry, and the difference of two exponential draws."""

    has_rsample = True
    support = constraints.real
    loc: Tensor
    scale: Tensor
    asymmetry: Tensor

    @property
    def left_scale(self) -> Tensor:
        """Scale of the left tail, scale * asymmetry."""
        return self.scale * self.asymmetry

    @property
    def right_scale(self) -> Tensor:
        """Scale of the right tail, scale / asymmetry."""
        return self.scale / self.asymmetry

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws the difference of an exponential draw of each tail, with gradients to the parameters."""
        right, left = self.loc.new_empty((2,) + self.shape(sample_shape)).exponential_().unbind()
        return self.loc + self.right_scale * right - self.left_scale * left

    @property
    def mean(self) -> Tensor:
        """The mean, loc + right_scale - left_scale."""
        return self.loc + self.right_scale - self.left_scale

    @property
    def variance(self) -> Tensor:
        """The variance, left_scale^2 + right_scale^2."""
        return self.left_scale.square() + self.right_scale.square()


class AsymmetricLaplace(_TwoTails):
    r"""Asymmetric Laplace distribution.

    .. math::
        p(x) = \frac{e^{-(x - \mu) / r}}{l + r} \text{ for } x \ge \mu, \quad
        p(x) = \frac{e^{-(\mu - x) / l}}{l + r} \text{ for } x < \mu, \quad l = \sigma \kappa, \; r = \sigma / \kappa

    Args:
        loc: mode :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`.
        asymmetry: square root of the ratio :math:`\kappa > 0` of the left tail's scale to the right one's.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        S. Kotz, T. J. Kozubowski, K. Podgórski (2001), The Laplace Distribution and Generalizations, ch. 3.

    Example:
        >>> AsymmetricLaplace(0.0, 1.0, 1.0).log_prob(torch.tensor(0.0)).exp()
        tensor(0.5000)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "asymmetry": constraints.positive}

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        asymmetry: Tensor | float,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(loc=loc, scale=scale, asymmetry=asymmetry, validate_args=validate_args)

    def _log_density(self, value: Tensor) -> Tensor:
        z = value - self.loc
        distance = z.abs() / torch.where(z < 0, self.left_scale, self.right_scale)
        return -distance - (self.left_scale + self.right_scale).log()


class SoftAsymmetricLaplace(_TwoTails):
    r"""Asymmetric Laplace distribution convolved with a normal distribution, which makes its peak smooth.

    With :math:`l = \sigma \kappa`, :math:`r = \sigma / \kappa`, :math:`s = \sigma \tau` and :math:`z = x - \mu`,

    .. math::
        p(x) = \frac{1}{l + r} \left( e^{s^2 / 2 r^2 - z / r} \, \Phi\!\left(\frac z s - \frac s r\right)
               + e^{s^2 / 2 l^2 + z / l} \, \Phi\!\left(-\frac z s - \frac s l\right) \right)

    Args:
        loc: location :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`.
        asymmetry: square root of the ratio :math:`\kappa > 0` of the left tail's scale to the right one's.
        softness: standard deviation :math:`\tau > 0` of the normal, in units of ``scale``.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        W. J. Reed, M. Jorgensen (2004), The double Pareto-lognormal distribution, Communications in Statistics 33(8):
        the logarithm of that distribution is this one.

    Example:
        >>> SoftAsymmetricLaplace(0.0, 1.0).variance
        tensor(3.)
    """

    arg_constraints = {
        "loc": constraints.real, "scale": constraints.positive, "asymmetry": constraints.positive,
        "softness": constraints.positive
    }
    softness: Tensor

    def __init__(
        self,
        loc: Tensor | float,
        scale: Tensor | float,
        asymmetry: Tensor | float = 1.0,
        softness: Tensor | float = 1.0,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(loc=loc, scale=scale, asymmetry=asymmetry, softness=softness, validate_args=validate_args)

    @property
    def soft_scale(self) -> Tensor:
        """Standard deviation of the normal, scale * softness."""
        return self.scale * self.softness

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws the sum of a draw with a sharp peak and a normal one, with gradients to the parameters."""
        sharp = super().rsample(sample_shape)
        return sharp + self.soft_scale * torch.randn_like(sharp)

    def _log_density(self, value: Tensor) -> Tensor:
        left, right, soft = self.left_scale, self.right_scale, self.soft_scale
        z = (value - self.loc) / soft
        return torch.logaddexp(_log_tail(z, soft / right), _log_tail(-z, soft / left)) - (left + right).log()

    @property
    def variance(self) -> Tensor:
        """The variance: that of the sharp peak and the normal's."""
        return super().variance + self.soft_scale.square()


def _log_tail(z: Tensor, rate: Tensor) -> Tensor:
    r"""The logarithm of :math:`e^{\rho^2 / 2 - \rho z} \Phi(z - \rho)`.

    With a in the role of :math:`(\rho - z) / \sqrt 2`, this is :math:`\tfrac12 e^{-z^2/2} \operatorname{erfcx}(a)`,
    which neither cancels nor underflows where a is positive; elsewhere the first form does neither.
    """
    a = (rate - z) / math.sqrt(2)
    is_far = a > 0
    far = log_erfcx(select(is_far, a, 0.0)) - math.log(2) - z.square() / 2
    near = (torch.erfc(-select(~is_far, a, 0.0)) / -2).log1p() + rate * (rate / 2 - z)
    return torch.where(is_far, far, near)
