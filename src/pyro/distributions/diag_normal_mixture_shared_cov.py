"""Mixture of normal distributions with one diagonal covariance, reparameterized."""

import math

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.normal_mixture import NormalMixture

__all__ = ["MixtureOfDiagNormalsSharedCovariance"]


class MixtureOfDiagNormalsSharedCovariance(NormalMixture):
    r"""Mixture of normal distributions that share a diagonal covariance.

    .. math::
        p(x) = \sum_k \pi_k \prod_d \mathcal{N}(x_d; \mu_{kd}, \sigma_d^2), \quad \pi = \mathrm{softmax}(\ell)

    Draws have gradients to all parameters, the logits included. They cost :math:`K^2 D` operations each; for that of
    the logits, mass flows from one mean to another along straight lines.

    Args:
        locs: the means :math:`\mu`, shape batch_shape + (K, D).
        coord_scale: the standard deviations :math:`\sigma`, shape batch_shape + (D,), positive.
        component_logits: unnormalised log weights :math:`\ell`, shape batch_shape + (K,).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (D,); the batch shapes broadcast.

    Support:
        real vectors.

    References:
        M. Jankowiak, T. Karaletsos (2019), Pathwise derivatives for multivariate distributions,
        https://arxiv.org/abs/1806.01856

    Example:
        >>> MixtureOfDiagNormalsSharedCovariance(torch.tensor([[0.0], [4.0]]), torch.ones(1), torch.zeros(2)).mean
        tensor([2.])
    """

    arg_constraints = {
        "locs": constraints.independent(constraints.real, 2),
        "coord_scale": constraints.independent(constraints.positive, 1),
        "component_logits": constraints.real_vector,
    }
    locs: Tensor
    coord_scale: Tensor

    def __init__(
        self, locs: Tensor, coord_scale: Tensor, component_logits: Tensor, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(locs.shape[-1:], locs=locs, coord_scale=coord_scale, component_logits=component_logits,
                         validate_args=validate_args)

    @property
    def _locs(self) -> Tensor:
        return self.locs

    @property
    def _scales(self) -> Tensor:
        return self.coord_scale.unsqueeze(-2).expand_as(self.locs)

    def _flows(self, value: Tensor) -> Tensor:
        tiny = torch.finfo(value.dtype).tiny
        scale = self.coord_scale
        means = self.locs / scale.unsqueeze(-2)
        path = means.unsqueeze(-3) - means.unsqueeze(-2)  # [..., j, k, :] leads from j to k
        length = torch.linalg.vector_norm(path, dim=-1)
        direction = path / length.clamp(min=tiny ** 0.5).unsqueeze(-1)
        # how far along the path the value is, seen from its start and from its end
        z = (value / scale).unsqueeze(-2) - means
        start = (z.unsqueeze(-2) * direction).sum(-1)
        end = start - length
        # of the two tails the smaller, which has more digits
        sign = torch.where(start + end > 0, -1.0, 1.0)
        flow = sign * (torch.special.ndtr(sign * end) - torch.special.ndtr(sign * start))
        log_start = self._coordinate_log_probs(value).sum(-1).unsqueeze(-1)
        log_across = log_start + start.square() / 2 + math.log(2 * math.pi) / 2 - self.log_prob(value)[..., None, None]
        rate = flow.sign() * (log_across + flow.abs().clamp(min=tiny).log()).exp()
        flows: Tensor = rate.unsqueeze(-1) * direction * scale[..., None, None, :]
        return flows
