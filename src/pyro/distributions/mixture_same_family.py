"""Mixture of distributions of one family."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions.finite_mixture import FiniteMixture
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Validated, torch.distributions.MixtureSameFamily, TorchDistributionMixin, FiniteMixture):
    r"""Mixture whose components are the last batch dimension of one distribution.

    .. math::
        p(x) = \sum_k \pi_k \, p_k(x)

    Args:
        mixture_distribution: categorical with the weights :math:`\pi_k`, of the components' batch_shape without its
            last dimension, or of batch_shape ().
        component_distribution: the components, batch_shape (..., K).
        validate_args: whether to check values; ``None`` follows the global flag.

    Shape:
        batch_shape is the components' without its last dimension, event_shape is the components'.

    Support:
        the components'.

    References:
        G. McLachlan, D. Peel (2000), Finite Mixture Models.

    Example:
        >>> weights = torch.distributions.Categorical(torch.tensor([0.25, 0.75]))
        >>> MixtureSameFamily(weights, torch.distributions.Normal(torch.tensor([0.0, 4.0]), 1.0)).mean
        tensor(3.)
    """

    def __init__(
        self,
        mixture_distribution: torch.distributions.Categorical,
        component_distribution: torch.distributions.Distribution,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(mixture_distribution, component_distribution, validate_args=validate_args)

    @property
    def mixing_distribution(self) -> Any:
        """The categorical distribution of which component a draw comes from."""
        return self.mixture_distribution

    @property
    def component_mean(self) -> Tensor:
        """The means of the components."""
        return self.component_distribution.mean

    @property
    def component_variance(self) -> Tensor:
        """The variances of the components."""
        return self.component_distribution.variance

    def component_sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a value from each component."""
        return self.component_distribution.sample(Size(sample_shape))

    def component_cdf(self, value: Tensor) -> Tensor:
        """The cdf of each component, along a new last dimension."""
        return self.component_distribution.cdf(value.unsqueeze(self.mixture_dim))

    def component_log_density(self, value: Tensor) -> Tensor:
        """The log density of each component, along a new last dimension."""
        return self.component_distribution.log_prob(value.unsqueeze(self.mixture_dim))
