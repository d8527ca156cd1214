"""Several hidden Markov models of scalar series, side by side."""

from collections.abc import Sequence
from typing import Any

from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.hidden_markov_model import HiddenMarkovModel

__all__ = ["IndependentHMM"]


class IndependentHMM(HiddenMarkovModel):
    """A vector-valued series whose coordinates follow independent models of scalar series.

    Args:
        base_dist: a hidden Markov model with batch shape batch_shape + (O,) and event shape (T, 1).

    Shape:
        event_shape is (T, O).

    Support:
        series of vectors of values of ``base_dist``.

    Raises:
        ValueError: if ``base_dist`` is no such model.
    """

    def __init__(self, base_dist: Any) -> None:
        if not isinstance(base_dist, HiddenMarkovModel) or len(base_dist.batch_shape) < 1 or (
                tuple(base_dist.event_shape[1:]) != (1,)):
            raise ValueError(f"IndependentHMM: base_dist is {base_dist}, expected a hidden Markov model with at least "
                             "one batch dimension and event shape (T, 1).")
        self.base_dist = base_dist
        super().__init__(base_dist.duration, base_dist.batch_shape[:-1],
                         base_dist.event_shape[:1] + base_dist.batch_shape[-1:], base_dist._validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether draws of the base are reparameterized."""
        return bool(self.base_dist.has_rsample)

    @constraints.dependent_property
    def support(self) -> Any:
        """The base's support."""
        return self.base_dist.support

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "IndependentHMM":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        batch_shape = Size(batch_shape)
        base_dist = self.base_dist.expand(batch_shape + self.base_dist.batch_shape[-1:])
        return super()._changed(_instance, _batch_shape=batch_shape, base_dist=base_dist)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws series without gradients; see :meth:`rsample`."""
        return _joined(self.base_dist.sample(Size(sample_shape)))

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws series, with gradients to the parameters.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Series of shape sample_shape + batch_shape + event_shape.
        """
        return _joined(self.base_dist.rsample(Size(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of series, summed over coordinates.

        Args:
            value: series, broadcastable with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        log_prob: Tensor = self.base_dist.log_prob(value.mT[..., None])
        return log_prob.sum(-1)


def _joined(series: Tensor) -> Tensor:
    """Puts scalar series side by side."""
    return series[..., 0].mT
