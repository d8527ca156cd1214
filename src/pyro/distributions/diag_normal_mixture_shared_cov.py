"""Mixture of normal distributions with one diagonal covariance, reparameterized."""

import math

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.normal_mixture import LocatedMixture, cdf_step, signed_exp

__all__ = ["MixtureOfDiagNormalsSharedCovariance"]


class MixtureOfDiagNormalsSharedCovariance(LocatedMixture):
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

    @property
    def _scales(self) -> Tensor:
        return self.coord_scale.unsqueeze(-2)

    def _flow(self, z: Tensor, log_probs: Tensor, log_pairs: Tensor) -> Tensor:
        # What flows from one component to another comes from the other one with the opposite sign: half of the pairs.
        size, dim = z.shape[-2:]
        start, end = torch.triu_indices(size, size, 1, device=z.device)
        means = self.locs / self.coord_scale.unsqueeze(-2)
        path = means.index_select(-2, end) - means.index_select(-2, start)
        length = torch.linalg.vector_norm(path, dim=-1, keepdim=True).clamp(min=torch.finfo(z.dtype).tiny ** 0.5)
        direction = path / length
        # how far along the path the value is, and how far from it
        departure = z.index_select(-2, start)
        along = (departure * direction).sum(-1, keepdim=True)
        beside = torch.addcmul(departure, along, direction, value=-1).square().sum(-1)
        log_volume = self.coord_scale.log().sum(-1, keepdim=True) + (dim - 1) / 2 * math.log(2 * math.pi)
        rise = cdf_step(along, along - length).squeeze(-1)
        log_weights = log_pairs.flatten(-2).index_select(-1, start * size + end)
        rate = signed_exp(rise, log_weights - log_volume - beside / 2).unsqueeze(-1)
        flow = rate * direction * self.coord_scale.unsqueeze(-2)
        return torch.zeros_like(z).index_add(-2, start, flow).index_add(-2, end, flow, alpha=-1)
