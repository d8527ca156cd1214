"""Laws of what hidden Markov models share: length and batch."""

import pytest
import torch

from pyro.distributions import constraints
from pyro.distributions.hidden_markov_model import HiddenMarkovModel


class Model(HiddenMarkovModel):
    """A model with nothing in it."""

    support = constraints.real_vector


@pytest.mark.parametrize(("duration", "steps", "expected"), [(None, 1, None), (None, 5, 5), (5, 1, 5), (5, 5, 5)])
def test_duration_is_given_or_read_off(duration: int | None, steps: int, expected: int | None) -> None:
    model = Model(duration, (2,), (steps, 3))
    assert model.duration == expected
    assert model.event_shape == (expected or 1, 3)
    expanded = model.expand((4, 2))
    assert (expanded.duration, expanded.batch_shape, expanded.event_shape) == (expected, (4, 2), model.event_shape)


def test_contradictions_are_refused() -> None:
    with pytest.raises(ValueError, match="duration is 5, but the parameters have 4"):
        Model(5, (), (4,))
    with pytest.raises(ValueError, match=r"Cannot expand Model of batch_shape \(2,\)"):
        Model(5, (2,), (5,)).expand(torch.Size((3,)))
