"""Mixture of normal distributions with diagonal covariances, reparameterized."""

from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.normal_mixture import LocatedMixture, cdf_step, signed_exp

__all__ = ["MixtureOfDiagNormals"]


class MixtureOfDiagNormals(LocatedMixture):
    r"""Mixture of normal distributions, each with a diagonal covariance of its own.

    .. math::
        p(x) = \sum_k \pi_k \prod_d \mathcal{N}(x_d; \mu_{kd}, \sigma_{kd}^2), \quad \pi = \mathrm{softmax}(\ell)

    Draws have gradients to all parameters, the logits included. They cost :math:`K^2 D` operations each; for that of
    the logits, mass flows from one component to another along one coordinate after the other.

    Args:
        locs: the means :math:`\mu`, shape batch_shape + (K, D).
        coord_scale: the standard deviations :math:`\sigma`, of the same shape, positive.
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
        >>> import torch
        >>> MixtureOfDiagNormals(torch.tensor([[0.0], [4.0]]), torch.ones(2, 1), torch.zeros(2)).mean
        tensor([2.])
    """

    arg_constraints = {
        "locs": constraints.independent(constraints.real, 2),
        "coord_scale": constraints.independent(constraints.positive, 2),
        "component_logits": constraints.real_vector,
    }

    @property
    def _scales(self) -> Tensor:
        return self.coord_scale

    def _flow(self, z: Tensor, log_probs: Tensor, log_pairs: Tensor) -> Tensor:
        # Coordinates before the d-th are distributed as in the component of arrival, those after it as in that of
        # departure, and along the d-th flows the difference of the two cdfs.
        up_to = log_probs.cumsum(-1)
        before, after = up_to - log_probs, up_to[..., -1:] - up_to
        log_rest = before.unsqueeze(-3) + after.unsqueeze(-2) + log_pairs.unsqueeze(-1)
        return signed_exp(cdf_step(z.unsqueeze(-2), z.unsqueeze(-3)), log_rest).sum(-2)
