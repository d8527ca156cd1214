"""Mixture of normal distributions about zero that differ by a factor, reparameterized."""

import math

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.normal_mixture import NormalMixture, signed_exp

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

    def _flow(self, z: Tensor, log_probs: Tensor, log_pairs: Tensor) -> Tensor:
        # What passes a sphere is the difference of the masses inside of it, spread over its surface.
        y, half_dim = z[..., 0, :] * self.component_scale[..., :1], z.shape[-1] / 2
        squared_radius = y.square().sum(-1, keepdim=True).clamp(min=torch.finfo(z.dtype).tiny)
        inside, outside = _masses(z.shape[-1], squared_radius / (2 * self.component_scale.square()))
        in_flow = inside.unsqueeze(-2) - inside.unsqueeze(-1)
        out_flow = outside.unsqueeze(-1) - outside.unsqueeze(-2)
        # of the two the smaller masses, which have more digits
        flow = torch.where(inside.unsqueeze(-2) + inside.unsqueeze(-1) < 1, in_flow, out_flow)
        log_surface = math.log(2) + half_dim * math.log(math.pi) - math.lgamma(half_dim)
        # the surface times the radius, since y is not of length one; the density of y, since y is what flows
        log_area = log_surface + half_dim * squared_radius.log() + self.coord_scale.log().sum(-1, keepdim=True)
        rate = signed_exp(flow, log_pairs - log_area.unsqueeze(-1)).sum(-1)
        return rate.unsqueeze(-1) * (y * self.coord_scale).unsqueeze(-2)


def _masses(dim: int, half_square: Tensor) -> tuple[Tensor, Tensor]:
    r"""The mass of a normal distribution inside of a sphere and outside of it.

    They are :math:`P(d / 2, x)` and :math:`Q(d / 2, x)`, sums of terms :math:`x^s e^{-x} / \Gamma(s + 1)`: the one of
    those with s = d / 2, d / 2 + 1, ..., the other of those with s = d / 2 - 1, d / 2 - 2, ... down to 0 or, with
    :math:`Q(1 / 2, x)` beside them, 1 / 2.
    """
    half_square = half_square.clamp(max=torch.finfo(half_square.dtype).max)

    def terms(s: Tensor) -> Tensor:
        x = half_square.unsqueeze(-1)
        return (s * x.log() - x - torch.lgamma(s + 1)).exp()

    steps = torch.arange(dim // 2 + 30 + 9 * math.isqrt(dim), dtype=half_square.dtype, device=half_square.device)
    outside = terms(steps[: dim // 2] + 0.5 * (dim % 2)).sum(-1)
    if dim % 2:
        outside = outside + torch.special.erfc(half_square.sqrt())
    inside = terms(steps + dim / 2).sum(-1)
    # the series for the inside is long enough up to its middle
    is_near = half_square < dim / 2 + 1
    return torch.where(is_near, inside, 1 - outside), torch.where(is_near, 1 - inside, outside)
