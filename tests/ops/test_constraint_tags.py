import json
import pickle

import pytest
import torch
from torch.distributions import constraints

from pyro.ops.constraint_tags import from_tag, picklable_classes, register, to_tag

TAGGED = {
    "boolean": constraints.boolean,
    "cat": constraints.cat([constraints.positive, constraints.real], dim=0, lengths=[1, 2]),
    "corr_cholesky": constraints.corr_cholesky,
    "greater_than": constraints.greater_than(1.5),
    "greater_than_eq": constraints.greater_than_eq(-2),
    "half_open_interval": constraints.half_open_interval(0.0, 2.0),
    "independent": constraints.independent(constraints.interval(0.0, 3.0), 1),
    "integer_greater_than": constraints.nonnegative_integer,
    "integer_interval": constraints.integer_interval(0, 4),
    "interval": constraints.interval(-1.0, 1.0),
    "less_than": constraints.less_than(0.0),
    "lower_cholesky": constraints.lower_cholesky,
    "lower_triangular": constraints.lower_triangular,
    "mixture_same_family": constraints.MixtureSameFamilyConstraint(constraints.real),
    "multinomial": constraints.multinomial(3),
    "one_hot": constraints.one_hot,
    "positive_definite": constraints.positive_definite,
    "positive_semidefinite": constraints.positive_semidefinite,
    "real": constraints.real,
    "simplex": constraints.simplex,
    "square": constraints.square,
    "stack": constraints.stack([constraints.positive, constraints.independent(constraints.real, 1)], dim=-1),
    "symmetric": constraints.symmetric,
}

CANDIDATES = (torch.tensor([0.2, 0.3, 0.5]), torch.tensor([-0.5, 1.0, 2.0]), torch.tensor([0.0, 1.0, 0.0]),
              torch.eye(3), torch.tensor([[1.0, 2.0, 0.0], [2.0, 9.0, 0.0], [0.0, 0.0, 1.0]]))


def verdict(constraint, value):
    """What a constraint says about a value; some say nothing about some shapes."""
    try:
        return constraint.check(value).tolist()
    except (AssertionError, IndexError, RuntimeError, ValueError) as error:
        return type(error)


@pytest.mark.parametrize("name", TAGGED)
def test_a_tag_stands_for_an_equal_constraint(name):
    constraint = TAGGED[name]
    tag = to_tag(constraint)
    again = from_tag(json.loads(json.dumps(tag)))
    assert tag["constraint"] == name
    assert type(again) is type(constraint) and to_tag(again) == tag
    assert (again.is_discrete, again.event_dim) == (constraint.is_discrete, constraint.event_dim)
    assert [verdict(again, value) for value in CANDIDATES] == [verdict(constraint, value) for value in CANDIDATES]


def test_bounds_may_be_tensors():
    lower, upper = torch.tensor([-1.0, 0.0]), torch.tensor([1.0, 2.0])
    again = from_tag(to_tag(constraints.interval(lower, upper)))
    assert torch.equal(again.lower_bound, lower) and torch.equal(again.upper_bound, upper)


class Even(constraints.Constraint):
    def check(self, value):
        return value % 2 == 0


def test_a_class_without_a_tag_is_refused_with_the_remedy():
    for constraint in (Even(), constraints.independent(Even(), 1)):
        with pytest.raises(ValueError, match=r"Even cannot be written to a file.*constraint_tags\.register"):
            to_tag(constraint)


class Multiple(constraints.Constraint):
    def __init__(self, base):
        self.base = base

    def check(self, value):
        return value % self.base == 0


def test_registering_adds_a_class_under_its_name_and_its_old_paths():
    register("test_multiple", Multiple, ("base",), aliases=("old.module.Multiple",))
    assert from_tag(to_tag(Multiple(3))).base == 3
    assert Multiple in picklable_classes() and (Multiple, "old.module.Multiple") in picklable_classes()
    register("test_multiple", Multiple, ("base",))  # a module that is imported anew registers its classes anew
    with pytest.raises(ValueError, match="'test_multiple' already stands for .*Multiple.*Choose another name"):
        register("test_multiple", Even)


@pytest.mark.parametrize(("tag", "message"), [
    ({"constraint": "no_such"}, r"Unknown constraint tag .*'no_such'.*Expected one of: boolean, cat"),
    ({}, "Unknown constraint tag"),
    ({"constraint": ["real"]}, "Unknown constraint tag"),
    ({"constraint": "interval", "lower_bound": 0.0}, r"malformed: 'interval' has the fields \['lower_bound', 'upper_b"),
    ({"constraint": "real", "extra": 1}, r"malformed: 'real' has the fields \[\]"),
])
def test_a_bad_tag_is_refused(tag, message):
    with pytest.raises(ValueError, match=message):
        from_tag(tag)


def test_old_files_pickle_the_classes_that_are_listed():
    for constraint in TAGGED.values():
        assert type(pickle.loads(pickle.dumps(constraint))) in picklable_classes()
