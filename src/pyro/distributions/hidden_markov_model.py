"""What hidden Markov models share: a series of hidden states, of which each step of a series of values depends on one.

The first hidden state is drawn from an initial distribution. Each step draws the next hidden state, given the one
before, and then a value, given the new state. Values of all steps are one event: its leftmost dimension is time.

Parameters may be the same at all steps; then their time dimension has size one or is missing. The length of the
series is then not known, unless it is given: values of any length can be scored, but none drawn.

References:
    Simo Särkkä, Ángel F. García-Fernández (2021), "Temporal parallelization of Bayesian smoothers"
"""

from collections.abc import Sequence
from typing import Any, Self

from torch import Size, Tensor

from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import broadcast_shape

__all__ = ["HiddenMarkovModel"]


class HiddenMarkovModel(TorchDistribution):
    """Base class of hidden Markov models.

    Args:
        duration: the number of steps, if the parameters do not tell it.
        batch_shape: shape of independent models.
        event_shape: shape of a series, time first; size one of that is replaced by ``duration``.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Raises:
        ValueError: if the duration is not that of the parameters.
    """

    arg_constraints = {}

    def __init__(
        self, duration: int | None, batch_shape: Sequence[int], event_shape: Sequence[int],
        validate_args: bool | None = None,
    ) -> None:
        event_shape = Size(event_shape)
        if duration is None:
            if event_shape[0] != 1:
                duration = event_shape[0]
        elif event_shape[0] not in (1, duration):
            raise ValueError(f"{type(self).__name__}: duration is {duration}, but the parameters have "
                             f"{event_shape[0]} time steps. Omit the duration, or give parameters of one step.")
        else:
            event_shape = Size((duration,)) + event_shape[1:]
        self._duration = duration
        super().__init__(Size(batch_shape), event_shape, validate_args=validate_args)

    @property
    def duration(self) -> int | None:
        """The number of steps, or ``None`` where it is not known."""
        return self._duration

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Self:
        """Expands the batch shape; the parameters stay as they are and broadcast.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.

        Raises:
            ValueError: if the present batch shape does not broadcast to it.
        """
        batch_shape = Size(batch_shape)
        sizes = zip(reversed(self.batch_shape), reversed(batch_shape), strict=False)
        if len(batch_shape) < len(self.batch_shape) or any(old not in (1, new) for old, new in sizes):
            raise ValueError(f"Cannot expand {type(self).__name__} of batch_shape {tuple(self.batch_shape)} to "
                             f"{tuple(batch_shape)}.")
        return self._changed(_instance, _batch_shape=batch_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of series, with hidden states summed or integrated out.

        Args:
            value: series, broadcastable with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        log_prob = self._log_density(value)
        return log_prob.expand(self._full_batch(log_prob.shape))

    def _log_density(self, value: Tensor) -> Tensor:
        """The log density of series that are checked, of a shape that expands to the batch."""
        raise NotImplementedError(f"{type(self).__name__} has no density in closed form.")

    def _validate_value_shape(self, shape: Size) -> None:
        if self.duration is None:  # any number of steps will do
            time = len(shape) - self.event_dim
            shape = shape[:time] + self.event_shape[:1] + shape[time + 1 :]
        super()._validate_value_shape(shape)

    def _changed(self, _instance: Any = None, **changes: Any) -> Self:
        """A copy with some attributes replaced."""
        new: Self = type(self).__new__(type(self)) if _instance is None else _instance
        vars(new).update(vars(self) | changes)
        return new

    def _known_duration(self, what: str) -> int:
        """The number of steps.

        Raises:
            ValueError: if it is not known.
        """
        if self.duration is None:
            raise ValueError(f"{type(self).__name__}.{what} needs the number of steps, but all parameters are of one "
                             "step. Pass duration=..., or expand a parameter along time.")
        return self.duration

    def _full_batch(self, shape: Sequence[int]) -> Size:
        """The shape to which results of a batch shape expand."""
        return Size(broadcast_shape(tuple(self.batch_shape), tuple(shape)))
