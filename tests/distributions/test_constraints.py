"""Constraints accept what belongs to their set and reject what does not; transforms land inside."""

import copy
import math
import pickle

import pytest
import torch
from torch import Tensor
from torch.distributions import biject_to, transform_to

from pyro.distributions import constraints, transforms

NAN = math.nan

CASES = [
    (constraints.integer, [0.0, -3.0, 7.0], [0.5, NAN, math.inf]),
    (constraints.positive_integer, [1.0, 7.0], [0.0, -1.0, 1.5, NAN]),
    (constraints.softplus_positive, [0.1, 1e9], [0.0, -1.0, NAN]),
    (constraints.circular, [-3.14, 0.0, 3.14], [-3.15, 4.0, NAN]),
    (constraints.complex, [0.0, -3.0, math.inf], [NAN]),
    (constraints.integer_greater_than(2), [2.0, 7.0], [1.0, 2.5, NAN]),
    (constraints.less_than_eq(2.0), [2.0, -math.inf], [2.1, NAN]),
    (constraints.open_interval(0.0, 1.0), [0.1, 0.9], [0.0, 1.0, -1.0, NAN]),
    (constraints.l1_ball, [[0.5, -0.5], [0.1, 0.0]], [[0.6, -0.6], [NAN, 0.0]]),
    (constraints.zero_sum(), [[1.0, -3.0, 2.0], [0.0, 0.0, 0.0]], [[1.0, 1.0, -1.9], [NAN, 0.0, 0.0]]),
    (constraints.zero_sum(2), [[[1.0, -1.0], [-1.0, 1.0]]], [[[1.0, -1.0], [1.0, -1.0]], [[1.0, 0.0], [0.0, -1.0]]]),
    (constraints.real_matrix, [[[1.0, -2.0]]], [[[1.0, NAN]]]),
    (
        constraints.scaled_unit_lower_cholesky,
        [[[3.0, 0.0], [5.0, 2.0]]],
        [[[1.0, 1.0], [0.0, 1.0]], [[-1.0, 0.0], [0.0, 1.0]]],
    ),
    (
        constraints.positive_definite_circulant_vector,
        [[2.0, -0.5, 0.1, -0.5], [1.0, 0.0, 0.0, 0.0]],
        [[2.0, 1.0, 0.1, -0.5], [1.0, 2.0, 3.0, 2.0], [NAN, 0.0, 0.0, 0.0]],
    ),
    (constraints.sphere, [[1.0, 0.0], [0.6, -0.8]], [[1.0, 0.01], [0.0, 0.0], [NAN, 1.0]]),
    (constraints.ordered_vector, [[-1.0, 0.0, 2.0]], [[0.0, 0.0, 1.0], [1.0, 0.0, 2.0], [0.0, NAN, 1.0]]),
    (constraints.ordered_vector, [[3.0]], [[NAN]]),
    (constraints.positive_ordered_vector, [[0.1, 0.2]], [[0.0, 1.0], [-1.0, 1.0], [2.0, 1.0], [NAN, 1.0]]),
    (
        constraints.softplus_lower_cholesky,
        [[[1.0, 0.0], [5.0, 2.0]]],
        [[[1.0, 1.0], [0.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]]],
    ),
    (
        constraints.unit_lower_cholesky,
        [[[1.0, 0.0], [5.0, 1.0]]],
        [[[2.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, 1.0]]],
    ),
    (
        constraints.corr_matrix,
        [[[1.0, 0.5], [0.5, 1.0]], [[1.0, 0.0], [0.0, 1.0]]],
        [[[1.0, 2.0], [2.0, 1.0]], [[2.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.4, 1.0]], [[1.0, NAN], [NAN, 1.0]]],
    ),
]


@pytest.mark.parametrize("constraint, good, bad", CASES, ids=lambda x: str(x)[:30])
def test_check(constraint: constraints.Constraint, good: list[float], bad: list[float]) -> None:
    for dtype in (torch.float32, torch.float64):
        assert constraint.check(torch.tensor(good, dtype=dtype)).tolist() == [True] * len(good)
        assert constraint.check(torch.tensor(bad, dtype=dtype)).tolist() == [False] * len(bad)


@pytest.mark.parametrize("constraint, good, bad", CASES, ids=lambda x: str(x)[:30])
def test_event_dim_is_what_check_reduces(constraint: constraints.Constraint, good: list[float], bad: object) -> None:
    value = torch.tensor(good)
    assert constraint.check(value).shape == value.shape[: value.dim() - constraint.event_dim]


def test_every_name_is_a_constraint_or_makes_one() -> None:
    for name in constraints.__all__:
        item = getattr(constraints, name)
        assert isinstance(item, constraints.Constraint) or callable(item)


@pytest.mark.parametrize("constraint", [case[0] for case in CASES], ids=str)
def test_constraints_pickle_and_copy(constraint: constraints.Constraint) -> None:
    assert type(pickle.loads(pickle.dumps(constraint))) is type(constraint)
    assert type(copy.deepcopy(constraint)) is type(constraint)


REGISTERED = [
    (constraints.ordered_vector, (4,), True),
    (constraints.positive_ordered_vector, (4,), True),
    (constraints.softplus_positive, (4,), True),
    (constraints.circular, (4,), True),
    (constraints.complex, (4, 2), True),
    (constraints.l1_ball, (4,), True),
    (constraints.less_than_eq(2.0), (4,), True),
    (constraints.open_interval(-1.0, torch.tensor(3.0).double()), (4,), True),
    (constraints.real_matrix, (2, 3), True),
    (constraints.scaled_unit_lower_cholesky, (6,), True),
    (constraints.zero_sum(1), (4,), True),
    (constraints.zero_sum(2), (2, 3), True),
    (constraints.positive_definite_circulant_vector, (5,), False),
    (constraints.corr_matrix, (6,), True),
    (constraints.softplus_lower_cholesky, (3, 3), False),
    (constraints.unit_lower_cholesky, (3, 3), False),
    (constraints.sphere, (4,), False),
]


@pytest.mark.parametrize("constraint, shape, is_bijective", REGISTERED, ids=lambda x: str(x))
def test_registered_transforms_land_inside(
    constraint: constraints.Constraint, shape: tuple[int, ...], is_bijective: bool
) -> None:
    x = torch.randn((5, *shape), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    registries = [transform_to, biject_to] if is_bijective else [transform_to]
    for registry in registries:
        transform = registry(constraint)
        y: Tensor = transform(x)
        assert constraint.check(y).all()
        torch.testing.assert_close(transform(transform.inv(y)), y)
        assert y.shape == transform.forward_shape(x.shape)
    if is_bijective:
        torch.testing.assert_close(biject_to(constraint).inv(y), x)
    else:
        with pytest.raises(NotImplementedError):
            biject_to(constraint)


@pytest.mark.parametrize("name", torch.distributions.transforms.__all__)
def test_torchs_transforms_are_all_there(name: str) -> None:
    assert getattr(transforms, name) is getattr(torch.distributions.transforms, name)
