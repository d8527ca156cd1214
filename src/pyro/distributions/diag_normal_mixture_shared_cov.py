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
        return self.coord_scale.unsqueeze(-2).expand_as(self.locs)

    def _flow(self, z: Tensor, log_probs: Tensor, log_pairs: Tensor) -> Tensor:
        means = self.locs / self.coord_scale.unsqueeze(-2)
        path = means.unsqueeze(-3) - means.unsqueeze(-2)  # [..., j, k, :] leads from j to k
        length = torch.linalg.vector_norm(path, dim=-1).clamp(min=torch.finfo(z.dtype).tiny ** 0.5)
        # how far along the path the value is, seen from its start and from its end
        start = (z.unsqueeze(-2) * path).sum(-1) / length
        log_start = log_probs.sum(-1).unsqueeze(-1) + math.log(2 * math.pi) / 2
        rate = signed_exp(cdf_step(start, start - length), log_start + start.square() / 2 + log_pairs) / length
        flow: Tensor = (rate.unsqueeze(-1) * path).sum(-2) * self.coord_scale.unsqueeze(-2)
        return flow
