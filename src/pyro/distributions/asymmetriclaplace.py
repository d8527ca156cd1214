"""Asymmetric Laplace distributions: two exponential tails of different scales, with a sharp or a soft peak."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.ops.validation import surely_none

__all__ = ["AsymmetricLaplace", "SoftAsymmetricLaplace"]

_PEAK = 2 / math.sqrt(math.pi)
_FAR, _TERMS = 20.0, 7  # from there on, so many terms of the continued fraction give all digits


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
        # in units of the square root of two, for which the error function is made
        soft = math.sqrt(0.5) * self.softness
        inverse, twice_scale = 1 / self.asymmetry, 2 * self.scale
        right, left = soft * self.asymmetry, soft * inverse
        z = (value - self.loc) / (soft * twice_scale)
        rates = torch.stack(torch.broadcast_tensors(right, left, z)[:2])
        log_tails: Tensor = _LogTail.apply(torch.stack([z, -z]), rates)[0]  # type: ignore[no-untyped-call]
        return log_tails.logsumexp(0) - (twice_scale * (self.asymmetry + inverse)).log()

    @property
    def variance(self) -> Tensor:
        """The variance: that of the sharp peak and the normal's."""
        return super().variance + self.soft_scale.square()


class _LogTail(torch.autograd.Function):
    r"""The logarithm of :math:`e^{\rho^2 - 2 \rho z} \operatorname{erfc}(a)` with :math:`a = \rho - z`; and a slope.

    Where a is positive, this is :math:`e^{-z^2} \operatorname{erfcx}(a)`, which neither cancels nor underflows;
    elsewhere the first form does neither. With the smaller m of :math:`\rho` and z, the derivative with respect to z is
    :math:`s - 2 m`, of which the slope s is saved and differentiated in its turn where that is asked for.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        difference, nearer = rate - z, torch.minimum(rate, z)
        positive, negative = difference.clamp(min=0), difference.clamp(max=0)
        tail = torch.special.erfcx(positive) * torch.erfc(negative)  # one of the two factors is one
        log_tail = torch.addcmul(tail.log(), nearer, torch.sub(nearer, z, alpha=2))
        slope = torch.sub(_PEAK * (-negative.square()).exp() / tail, positive, alpha=2)
        is_far = positive > _FAR
        return log_tail, slope if surely_none(is_far) else torch.where(is_far, _far_slope(positive), slope)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: tuple[Tensor, Tensor]) -> None:
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*inputs, output[1])

    @staticmethod
    def backward(ctx: Any, grad: Tensor | None, grad_slope: Tensor | None) -> tuple[Tensor | None, Tensor | None]:
        z, rate, slope = ctx.saved_tensors
        difference = rate - z
        fall = torch.sub(slope, difference.clamp(max=0), alpha=2)
        grad_z = grad_rate = None
        if grad is not None:
            grad_z, grad_rate = grad * torch.sub(slope, torch.minimum(rate, z), alpha=2), -grad * fall
        if grad_slope is not None:
            bend = (slope + 2 * difference.clamp(min=0)) * fall - 2 * (difference > 0).to(slope.dtype)
            change = grad_slope * bend
            grad_z = -change if grad_z is None else grad_z - change
            grad_rate = change if grad_rate is None else grad_rate + change
        return grad_z, grad_rate


def _far_slope(positive: Tensor) -> Tensor:
    """The slope where it would be the difference of two large numbers, by a continued fraction."""
    x = positive.clamp(min=_FAR)
    fraction = x
    for k in range(_TERMS, 1, -1):
        fraction = x + k / 2 / fraction
    return 1 / fraction
