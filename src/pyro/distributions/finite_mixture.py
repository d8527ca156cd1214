"""What mixtures of finitely many components share: accessors, moments and densities, in terms of the components.

Contract: a subclass provides the mixing distribution and, along a new dimension just left of the event, the means,
variances, densities and draws of all components.

Source: G. McLachlan, D. Peel (2000), Finite Mixture Models, ch. 1.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions.shaped import Shaped

__all__ = ["FiniteMixture"]


class FiniteMixture(Shaped):
    """Accessors of a mixture; stands after a torch distribution among the bases of a class."""

    @property
    def mixing_distribution(self) -> Any:
        """The categorical distribution of which component a draw comes from."""
        raise NotImplementedError

    @property
    def mixture_size(self) -> int:
        """The number of components."""
        return int(self.mixing_distribution.probs.shape[-1])

    @property
    def mixture_dim(self) -> int:
        """The dimension along which components stand, from the right."""
        return -self.event_dim - 1

    @property
    def component_mean(self) -> Tensor:
        """The means of the components."""
        raise NotImplementedError

    @property
    def component_variance(self) -> Tensor:
        """The variances of the components."""
        raise NotImplementedError

    def component_sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a value from each component.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Draws of shape sample_shape + batch_shape + (mixture_size,) + event_shape.
        """
        raise NotImplementedError

    def component_cdf(self, value: Tensor) -> Tensor:
        """The cdf of each component, along a new last dimension."""
        raise NotImplementedError

    def component_log_density(self, value: Tensor) -> Tensor:
        """The log density of each component, along a new last dimension."""
        raise NotImplementedError

    def component_log_probs(self, value: Tensor) -> Tensor:
        """The log density of each component, weighted by its probability, along a new last dimension."""
        log_weights = torch.log_softmax(self.mixing_distribution.logits, -1)
        return self.component_log_density(value) + log_weights

    def _weights(self) -> Tensor:
        """The probabilities of the components, shaped like their means."""
        probs: Tensor = self.mixing_distribution.probs
        return probs.reshape(probs.shape + (1,) * self.event_dim)
