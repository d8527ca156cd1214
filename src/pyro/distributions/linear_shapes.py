"""Shapes of linear state space models, from those of their parts."""

from collections.abc import Sequence
from typing import Any

from torch import Size, Tensor

from pyro.distributions.util import broadcast_shape

__all__ = ["check_event", "linear_shapes"]


def check_event(family: str, name: str, found: Sequence[int], expected: Sequence[int]) -> None:
    """Checks the size of a part of a model.

    Args:
        family: the model's class.
        name: the part.
        found: its shape.
        expected: the shape that the other parts ask for.

    Raises:
        ValueError: if they differ.
    """
    if tuple(found) != tuple(expected):
        raise ValueError(f"{family}: {name} has event shape {tuple(found)}, expected {tuple(expected)} to fit the "
                         "other parameters. Declare vectors as events, e.g. by .to_event(1).")


def linear_shapes(
    family: str, initial_dist: Any, transition_matrix: Tensor, transition_dist: Any, observation_matrix: Tensor,
    observation_dist: Any,
) -> tuple[Size, Size]:
    """The shapes of a model whose states go on, and are read, by matrices and independent noise.

    Args:
        family: the model's class.
        initial_dist: the distribution of the first state.
        transition_matrix: how states go on.
        transition_dist: the noise of states.
        observation_matrix: how states are read.
        observation_dist: the noise of values.

    Returns:
        batch_shape and event_shape, whose time dimension has size one where nothing depends on time.

    Raises:
        ValueError: if parts do not fit.
    """
    hidden_dim, obs_dim = observation_matrix.shape[-2:]
    for name, found, expected in (
        ("initial_dist", initial_dist.event_shape, (hidden_dim,)),
        ("transition_matrix", transition_matrix.shape[-2:], (hidden_dim, hidden_dim)),
        ("transition_dist", transition_dist.event_shape, (hidden_dim,)),
        ("observation_dist", observation_dist.event_shape, (obs_dim,)),
    ):
        check_event(family, name, found, expected)
    shape = broadcast_shape(
        (*initial_dist.batch_shape, 1), tuple(transition_matrix.shape[:-2]), tuple(transition_dist.batch_shape),
        tuple(observation_matrix.shape[:-2]), tuple(observation_dist.batch_shape))
    return Size(shape[:-1]), Size((shape[-1], obs_dim))
