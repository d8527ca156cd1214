"""Flat density over any support."""

import pickle
from typing import Any

import pytest
import torch

from pyro.distributions import constraints
from pyro.distributions.improper_uniform import ImproperUniform


@pytest.mark.parametrize("batch_shape", [(), (2,)])
@pytest.mark.parametrize("sample_shape", [(), (5,)])
@pytest.mark.parametrize("constraint, event_shape", [(constraints.positive, ()), (constraints.simplex, (3,))])
def test_density_is_one(
    constraint: constraints.Constraint,
    event_shape: tuple[int, ...],
    batch_shape: tuple[int, ...],
    sample_shape: tuple[int, ...],
) -> None:
    flat = ImproperUniform(constraint, batch_shape, event_shape)
    assert flat.support is constraint
    value = torch.rand(sample_shape + batch_shape + event_shape)
    assert torch.equal(flat.log_prob(value), torch.zeros(sample_shape + batch_shape))


def test_expand() -> None:
    flat = pickle.loads(pickle.dumps(ImproperUniform(constraints.positive, (), (3,)))).expand([2])
    assert type(flat) is ImproperUniform
    assert (flat.batch_shape, flat.event_shape) == ((2,), (3,))
    assert flat.log_prob(torch.ones(3)).shape == (2,)


def test_it_has_no_draws() -> None:
    with pytest.raises(NotImplementedError, match="sampling"):
        ImproperUniform(constraints.real, (), ())()


def test_support_must_be_a_constraint() -> None:
    wrong: Any = "real"
    with pytest.raises(TypeError, match="expected a constraint"):
        ImproperUniform(wrong, (), ())
