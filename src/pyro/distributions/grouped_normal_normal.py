"""Normal observations in groups whose normally distributed means are integrated out."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions.utils import lazy_property

from pyro.distributions import constraints
from pyro.distributions.normal import Normal
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import broadcast_shape

__all__ = ["GroupedNormalNormal"]


class GroupedNormalNormal(TorchDistribution):
    r"""Joint distribution of normal observations y that share an unknown mean z within each group.

    .. math::
        z_g \sim N(\mu_g, \tau_g^2), \quad y_i \sim N(z_{g_i}, \sigma_i^2), \quad p(y) = \int p(y | z) \, p(z) \, dz

    Args:
        prior_loc: prior means :math:`\mu` of the G groups, of shape (G,) or (1,).
        prior_scale: prior standard deviations :math:`\tau > 0`, of shape (G,) or (1,).
        obs_scale: standard deviations :math:`\sigma > 0` of the N observations, of shape (N,) or (1,).
        group_idx: the group :math:`g_i` of each observation, integers of shape (N,).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is (), event_shape is (N,).

    Support:
        real vectors.

    Raises:
        ValueError: if a shape is another one.

    References:
        A. Gelman et al. (2013), Bayesian Data Analysis, section 5.4.

    Example:
        >>> d = GroupedNormalNormal(torch.zeros(2), torch.ones(2), torch.ones(1), torch.tensor([0, 0, 1]))
        >>> d.get_posterior(torch.tensor([1.0, 2.0, -1.0])).loc
        tensor([ 1.0000, -0.5000])
    """

    support = constraints.real_vector
    arg_constraints = {
        "prior_loc": constraints.real, "prior_scale": constraints.positive, "obs_scale": constraints.positive
    }

    def __init__(
        self,
        prior_loc: Tensor,
        prior_scale: Tensor,
        obs_scale: Tensor,
        group_idx: Tensor,
        validate_args: bool | None = None,
    ) -> None:
        if group_idx.dim() != 1 or group_idx.is_floating_point():
            raise ValueError("GroupedNormalNormal: expected group_idx to be integers of shape (N,), got dtype "
                             f"{group_idx.dtype} and shape {tuple(group_idx.shape)}.")
        groups = broadcast_shape(tuple(prior_loc.shape), tuple(prior_scale.shape))
        if len(groups) != 1:
            raise ValueError("GroupedNormalNormal: expected prior_loc and prior_scale that broadcast to shape (G,), "
                             f"got {tuple(prior_loc.shape)} and {tuple(prior_scale.shape)}.")
        if obs_scale.shape not in ((1,), group_idx.shape):
            raise ValueError(f"GroupedNormalNormal: expected obs_scale of shape {tuple(group_idx.shape)}, that of "
                             f"group_idx, or (1,), got {tuple(obs_scale.shape)}.")
        self.prior_loc, self.prior_scale = _expanded(prior_loc, groups), _expanded(prior_scale, groups)
        self.obs_scale, self.group_idx = _expanded(obs_scale, group_idx.shape), group_idx
        self.num_groups = groups[0]
        super().__init__(Size(), group_idx.shape, validate_args=validate_args)

    @lazy_property
    def num_data_per_batch(self) -> Tensor:
        """The number of observations in each group."""
        return self._sum_by_group(torch.ones_like(self.obs_scale))

    def _sum_by_group(self, terms: Tensor) -> Tensor:
        """Sums over the observations of each group, the last dimension."""
        sums = terms.new_zeros(terms.shape[:-1] + (self.num_groups,))
        return sums.index_add(-1, self.group_idx, terms)

    def _posterior(self, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The observations' deviations from the prior means, and the groups' posterior in units of the prior one.

        Returns:
            The deviations, the shift of each group's mean, and the prior variance times the precision of its data.
        """
        precision = self.obs_scale.pow(-2)
        deviation = value - self.prior_loc.index_select(0, self.group_idx)
        gain = self.prior_scale.square() * self._sum_by_group(precision)
        return deviation, self.prior_scale * self._sum_by_group(precision * deviation) / (1 + gain), gain

    def get_posterior(self, value: Tensor) -> Normal:
        """The posterior distribution of the groups' means.

        Args:
            value: observations.

        Returns:
            A normal distribution of batch shape (G,), after the dimensions of ``value`` but its last.
        """
        if self._validate_args:
            self._validate_sample(value)
        _, shift, gain = self._posterior(value)
        return Normal(self.prior_loc + self.prior_scale * shift, self.prior_scale * (1 + gain).rsqrt())

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of observations, at the posterior means: log p(y | z) + log p(z) - log p(z | y).

        Args:
            value: observations, of shape (N,) or with further dimensions on the left.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        deviation, shift, gain = self._posterior(value)
        centers = (self.prior_scale * shift).index_select(-1, self.group_idx)
        residual = Normal(centers, self.obs_scale, validate_args=False).log_prob(deviation).sum(-1)
        return residual - 0.5 * (shift.square() + gain.log1p()).sum(-1)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws the groups' means and then observations.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Observations of shape sample_shape + (N,).
        """
        with torch.no_grad():
            centers = Normal(self.prior_loc, self.prior_scale, validate_args=False).rsample(sample_shape)
            return Normal(centers[..., self.group_idx], self.obs_scale, validate_args=False).rsample()


def _expanded(tensor: Tensor, shape: Sequence[int]) -> Tensor:
    return tensor if tensor.shape == shape else tensor.expand(shape)
