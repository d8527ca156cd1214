"""Hidden Markov model with finitely many hidden states, which are summed out."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.categorical import Categorical
from pyro.distributions.hidden_markov_model import HiddenMarkovModel
from pyro.distributions.util import broadcast_shape
from pyro.ops.log_matmul import logmatmulexp, sequential_logmatmulexp
from pyro.ops.pairwise import compose_indices

__all__ = ["DiscreteHMM"]


class DiscreteHMM(HiddenMarkovModel):
    r"""Hidden Markov model with hidden states :math:`0, ..., S - 1` and values of any kind.

    .. math::
        z_0 \sim \pi, \quad z_t \mid z_{t-1} \sim P_{z_{t-1}}, \quad x_t \mid z_t \sim p(\cdot \mid z_t),
        \quad t = 1, ..., T

    The matrices of all steps are multiplied pairwise, in O(log T) sequential steps of products in log space.

    Args:
        initial_logits: log weights of the hidden state before the first step, shape batch_shape + (S,).
        transition_logits: log weights of the next state (last dimension), given the one before; shape
            batch_shape + (S, S), or batch_shape + (T, S, S) if they change in time.
        observation_dist: the distribution of a value, with batch shape (S,), batch_shape + (1, S) or
            batch_shape + (T, S).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
        duration: the number T of steps; needed to draw where no parameter tells it.

    Shape:
        event_shape is (T,) + observation_dist.event_shape, with T = 1 where it is not known.

    Support:
        series of values of ``observation_dist``.

    Raises:
        ValueError: if the parameters' shapes do not fit.

    References:
        L. R. Rabiner (1989), "A tutorial on hidden Markov models and selected applications in speech recognition"

    Example:
        >>> stay = torch.tensor([[0.9, 0.1], [0.1, 0.9]])
        >>> levels = torch.distributions.Normal(torch.tensor([0.0, 3.0]), 1.0)
        >>> hmm = DiscreteHMM(torch.zeros(2), stay.log(), levels)
        >>> hmm.filter(torch.tensor([0.1, 2.9, 3.0])).probs
        tensor([0.0025, 0.9975])
    """

    arg_constraints = {"initial_logits": constraints.real, "transition_logits": constraints.real}

    def __init__(
        self,
        initial_logits: Tensor,
        transition_logits: Tensor,
        observation_dist: Any,
        validate_args: bool | None = None,
        duration: int | None = None,
    ) -> None:
        _check_dims("initial_logits", initial_logits.shape, 1)
        _check_dims("transition_logits", transition_logits.shape, 2)
        _check_dims("the batch of observation_dist", observation_dist.batch_shape, 1)
        shape = broadcast_shape(
            (*initial_logits.shape[:-1], 1), tuple(transition_logits.shape[:-2]) or (1,),
            tuple(observation_dist.batch_shape[:-1]) or (1,))
        self.initial_logits = initial_logits - initial_logits.logsumexp(-1, True)
        self.transition_logits = transition_logits - transition_logits.logsumexp(-1, True)
        self.observation_dist = observation_dist
        super().__init__(duration, shape[:-1], shape[-1:] + tuple(observation_dist.event_shape), validate_args)

    @constraints.dependent_property
    def support(self) -> constraints.Constraint:
        """Series of values of ``observation_dist``."""
        return constraints.independent(self.observation_dist.support, 1)

    def _log_density(self, value: Tensor) -> Tensor:
        return self._joint(value).logsumexp(-1)

    def filter(self, value: Tensor) -> Categorical:
        """The distribution of the last hidden state, given a series.

        Args:
            value: series, broadcastable with batch_shape + event_shape.

        Returns:
            The distribution.
        """
        if self._validate_args:
            self._validate_sample(value)
        joint = self._joint(value)
        logits = joint.expand(self._full_batch(joint.shape[:-1]) + joint.shape[-1:])
        return Categorical(logits=logits, validate_args=self._validate_args)

    def _joint(self, value: Tensor) -> Tensor:
        """The log density of a series and each last hidden state."""
        event_dim = len(self.observation_dist.event_shape)
        emission: Tensor = self.observation_dist.log_prob(value.unsqueeze(-1 - event_dim))
        product = sequential_logmatmulexp(self.transition_logits + emission[..., None, :])
        return logmatmulexp(self.initial_logits[..., None, :], product)[..., 0, :]

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws series.

        For each step and each hidden state, the next state is drawn; these maps are then composed pairwise.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Series of shape sample_shape + batch_shape + event_shape.

        Raises:
            ValueError: if the number of steps is not known.
        """
        steps = (self._known_duration("sample"),)
        shape, states = Size(sample_shape) + self.batch_shape, self.initial_logits.size(-1)
        with torch.no_grad():
            first = _draw(self.initial_logits.expand(shape + (states,)))
            paths = compose_indices(_draw(self.transition_logits.expand(shape + steps + (states, states))))
            path = paths.gather(-1, first[..., None, None].expand(shape + steps + (1,)))
            values: Tensor = self.observation_dist.expand(self.batch_shape + steps + (states,)).sample(
                Size(sample_shape))
            event_shape = self.observation_dist.event_shape
            index = path.reshape(path.shape + (1,) * len(event_shape)).expand(path.shape + event_shape)
            return values.gather(len(shape) + 1, index).squeeze(len(shape) + 1)


def _check_dims(name: str, shape: Size, least: int) -> None:
    if len(shape) < least:
        raise ValueError(f"DiscreteHMM: {name} has shape {tuple(shape)}, expected at least {least} "
                         f"dimension{'s' * (least > 1)}: the hidden states.")


def _draw(logits: Tensor) -> Tensor:
    """Draws indices by the inverse of the cumulative weights."""
    steps = logits.softmax(-1).cumsum(-1)
    noise = torch.rand(logits.shape[:-1] + (1,), dtype=logits.dtype, device=logits.device) * steps[..., -1:]
    return (steps[..., :-1] <= noise).sum(-1)
