"""Mixture of normal distributions about zero that differ by a factor, reparameterized."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.normal_mixture import NormalMixture, change
from pyro.distributions.util import gather

__all__ = ["GaussianScaleMixture"]


class GaussianScaleMixture(NormalMixture):
    r"""Mixture of normal distributions with mean zero whose diagonal covariances are multiples of each other.

    .. math::
        p(x) = \sum_k \pi_k \prod_d \mathcal{N}(x_d; 0, (\tau_k \sigma_d)^2), \quad \pi = \mathrm{softmax}(\ell)

    Draws have gradients to all parameters, the logits included: for that, mass flows along rays from the origin.

    Args:
        coord_scale: the coordinates' scales :math:`\sigma`, shape batch_shape + (D,), positive.
        component_logits: unnormalised log weights :math:`\ell`, shape batch_shape + (K,).
        component_scale: the components' scales :math:`\tau`, shape batch_shape + (K,), positive.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (D,); the batch shapes broadcast.

    Support:
        real vectors.

    References:
        M. Jankowiak, T. Karaletsos (2019), Pathwise derivatives for multivariate distributions,
        https://arxiv.org/abs/1806.01856

    Example:
        >>> GaussianScaleMixture(torch.ones(2), torch.zeros(2), torch.tensor([1.0, 3.0])).variance
        tensor([5., 5.])
    """

    arg_constraints = {
        "coord_scale": constraints.independent(constraints.positive, 1),
        "component_logits": constraints.real_vector,
        "component_scale": constraints.independent(constraints.positive, 1),
    }
    coord_scale: Tensor
    component_scale: Tensor

    def __init__(
        self,
        coord_scale: Tensor,
        component_logits: Tensor,
        component_scale: Tensor,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(coord_scale.shape[-1:], coord_scale=coord_scale, component_logits=component_logits,
                         component_scale=component_scale, validate_args=validate_args)

    @property
    def _locs(self) -> Tensor:
        return torch.zeros_like(self._scales)

    @property
    def _scales(self) -> Tensor:
        return self.component_scale.unsqueeze(-1) * self.coord_scale.unsqueeze(-2)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a component and then a vector of it, with gradients to all parameters."""
        with torch.no_grad():
            noise, index = self._noise(sample_shape), self._component(sample_shape).unsqueeze(-1)
            y = gather(self.component_scale, index, -1) * noise  # in units of the coordinates' scales
            dim, info = y.shape[-1], torch.finfo(y.dtype)
            half_squares = y.square().sum(-1, keepdim=True) / (2 * self.component_scale.square())
            half_squares = half_squares.clamp(info.tiny, info.max)
            log_squares, log_weights = half_squares.log(), self._log_weights
            # of the logarithm of y's length
            log_densities = dim / 2 * log_squares - half_squares + (math.log(2) - math.lgamma(dim / 2))
            log_joint = log_weights + log_densities
            log_p = log_joint.logsumexp(-1, keepdim=True)
            shares = (log_joint - log_p).exp() / self.component_scale
            flows = _flows(*_masses(dim, half_squares, log_squares))
            pairs = (log_weights.unsqueeze(-1) + (log_weights - log_p).unsqueeze(-2)).exp()
            rates = (flows * pairs).sum(-1)
        growth = shares * change(self.component_scale) + rates * change(self.component_logits)
        return self.coord_scale * torch.addcmul(y, y, growth.sum(-1, keepdim=True))


def _flows(inside: Tensor, outside: Tensor) -> Tensor:
    """What passes a sphere is the difference of the masses inside of it, or outside: of the two the smaller masses."""
    in_flow = inside.unsqueeze(-2) - inside.unsqueeze(-1)
    out_flow = outside.unsqueeze(-1) - outside.unsqueeze(-2)
    return torch.where(inside.unsqueeze(-2) + inside.unsqueeze(-1) < 1, in_flow, out_flow)


def _masses(dim: int, half_square: Tensor, log_half_square: Tensor) -> tuple[Tensor, Tensor]:
    r"""The mass of a normal distribution inside of a sphere and outside of it.

    They are :math:`P(d / 2, x)` and :math:`Q(d / 2, x)`, sums of terms :math:`x^s e^{-x} / \Gamma(s + 1)`: the one of
    those with s = d / 2, d / 2 + 1, ..., the other of those with s = d / 2 - 1, d / 2 - 2, ... down to 0 or, with
    :math:`Q(1 / 2, x)` beside them, 1 / 2.
    """
    least, count = 0.5 * (dim % 2), 2 * (dim // 2) + 30 + 9 * math.isqrt(dim)
    s = torch.arange(least, least + count, dtype=half_square.dtype, device=half_square.device)
    terms = (s * log_half_square.unsqueeze(-1) - (half_square.unsqueeze(-1) + torch.lgamma(s + 1))).exp()
    outside, inside = (part.sum(-1) for part in terms.tensor_split([dim // 2], -1))
    if dim % 2:
        outside = outside + torch.special.erfc(half_square.sqrt())
    # the series for the inside is long enough up to its middle
    is_near = half_square < dim / 2 + 1
    return torch.where(is_near, inside, 1 - outside), torch.where(is_near, 1 - inside, outside)
