"""What hidden Markov models with Gaussian states and values share: chains of Gaussian factors."""

from collections.abc import Sequence
from typing import Any

from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.hidden_markov_model import HiddenMarkovModel
from pyro.ops.gaussian import AffineNormal, sequential_gaussian_filter_sample

__all__ = ["GaussianChain"]


class GaussianChain(HiddenMarkovModel):
    """Base class of models whose density is an integral over a chain of Gaussian factors.

    Attributes:
        hidden_dim: the dimension of a hidden state.
        obs_dim: the dimension of a value.
    """

    has_rsample = True
    support = constraints.independent(constraints.real, 2)
    hidden_dim: int
    obs_dim: int
    _init: Any
    _trans: Any
    _obs: Any

    def _given(self, value: Tensor) -> Any:
        """The factors of neighbouring hidden states, given the values."""
        return self._trans + self._obs.condition(value).event_pad(left=self.hidden_dim)

    def _free(self) -> Any:
        """The factors of neighbouring hidden states, with the values integrated out."""
        raise NotImplementedError

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws series, with gradients to the parameters.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Series of shape sample_shape + batch_shape + event_shape.

        Raises:
            ValueError: if the number of steps is not known.
        """
        return self._draw(self._free(), Size(sample_shape))

    def _draw(self, trans: Any, sample_shape: Size) -> Tensor:
        """Draws hidden states, and values given these.

        Args:
            trans: the factors of neighbouring hidden states, with values integrated out.
            sample_shape: shape of independent draws.

        Returns:
            Values.
        """
        steps = (self._known_duration("rsample"),)
        gaussian = trans.to_gaussian() if isinstance(trans, AffineNormal) else trans
        gaussian = gaussian.expand(gaussian.batch_shape[:-1] + steps)
        states = sequential_gaussian_filter_sample(self._init.expand(self.batch_shape), gaussian, sample_shape)
        values: Tensor = self._obs.left_condition(states[..., 1:, :]).rsample()
        return values
