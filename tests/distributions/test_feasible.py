"""A feasible point satisfies its constraint."""

import pytest
import torch
from torch import Size
from torch.distributions import biject_to

import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.distributions import transforms as T
from pyro.distributions.feasible import feasible_point, point_of_support

CASES = [
    (constraints.real, ()),
    (constraints.real_vector, (3,)),
    (constraints.positive, ()),
    (constraints.nonnegative, ()),
    (constraints.greater_than(2.0), ()),
    (constraints.greater_than(torch.tensor([2.0, 3.0])), ()),
    (constraints.less_than(-2.0), ()),
    (constraints.interval(2.0, 3.0), ()),
    (constraints.half_open_interval(2.0, 3.0), ()),
    (constraints.unit_interval, ()),
    (constraints.independent(constraints.positive, 2), (4, 3)),
    (constraints.boolean, ()),
    (constraints.integer, ()),
    (constraints.nonnegative_integer, ()),
    (constraints.positive_integer, ()),
    (constraints.integer_interval(2, 5), ()),
    (constraints.one_hot, (4,)),
    (constraints.multinomial(7), (4,)),
    (constraints.multinomial(torch.tensor([7, 5])), (4,)),
    (constraints.simplex, (4,)),
    (constraints.sphere, (4,)),
    (constraints.ordered_vector, (4,)),
    (constraints.positive_ordered_vector, (4,)),
    (constraints.softplus_positive, ()),
    (constraints.circular, ()),
    (constraints.l1_ball, (4,)),
    (constraints.less_than_eq(-2.0), ()),
    (constraints.open_interval(2.0, 3.0), ()),
    (constraints.zero_sum(1), (4,)),
    (constraints.zero_sum(2), (3, 4)),
    (constraints.real_matrix, (3, 4)),
    (constraints.positive_definite_circulant_vector, (4,)),
    (constraints.scaled_unit_lower_cholesky, (3, 3)),
    (constraints.lower_cholesky, (3, 3)),
    (constraints.softplus_lower_cholesky, (3, 3)),
    (constraints.unit_lower_cholesky, (3, 3)),
    (constraints.positive_definite, (3, 3)),
    (constraints.corr_cholesky, (3, 3)),
    (constraints.corr_matrix, (3, 3)),
    (constraints.MixtureSameFamilyConstraint(constraints.positive), ()),
]


@pytest.mark.parametrize("constraint, event_shape", CASES, ids=lambda x: str(x).replace("\n", " "))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_point_satisfies_its_constraint(
    constraint: constraints.Constraint, event_shape: tuple[int, ...], dtype: torch.dtype
) -> None:
    point = feasible_point(constraint, Size(event_shape), torch.zeros(2, dtype=dtype))
    assert point is not None
    assert point.dtype == dtype
    value = point.expand(torch.broadcast_shapes((2, *event_shape), point.shape))
    assert constraint.check(value).all()


def test_integers_stay_integers() -> None:
    point = feasible_point(constraints.nonnegative_integer, Size(), torch.zeros(2, dtype=torch.long))
    assert point is not None and point.dtype == torch.long


def test_point_carries_no_gradient() -> None:
    upper = torch.tensor(1.0, requires_grad=True)
    point = feasible_point(constraints.interval(0.0, upper), Size(), torch.zeros(()))
    assert point is not None and not point.requires_grad


@pytest.mark.parametrize(
    "constraint",
    [constraints.dependent, constraints.symmetric, constraints.stack([constraints.real, constraints.positive])],
)
def test_unknown_points_are_none(constraint: constraints.Constraint) -> None:
    assert feasible_point(constraint, Size([2, 2]), torch.zeros(())) is None


NORMAL = dist.Normal(torch.zeros(3), 1.0)
IMAGES = {
    "family": dist.LogNormal(torch.zeros(3), 1.0),
    "maps that end in the reals": dist.TransformedDistribution(NORMAL, biject_to(constraints.greater_than(2.0))),
    "event": dist.TransformedDistribution(NORMAL.to_event(1), [T.ExpTransform(), T.AffineTransform(1.0, -2.0)]),
    "wrapped": dist.TransformedDistribution(NORMAL, biject_to(constraints.interval(1.0, 2.0))).to_event(1).expand([2]),
    "of more dims": dist.TransformedDistribution(NORMAL.to_event(1), biject_to(constraints.simplex)),
    "of maps of maps": dist.TransformedDistribution(
        dist.TransformedDistribution(NORMAL, T.ExpTransform()), [T.AffineTransform(0.0, -1.0)]),
    "flow": dist.TransformedDistribution(NORMAL.to_event(1), [T.affine_autoregressive(3), T.SigmoidTransform()]),
}


@pytest.mark.parametrize("name", IMAGES)
def test_points_of_distributions_can_be_scored(name: str) -> None:
    point = point_of_support(IMAGES[name], torch.zeros(()))
    assert point is not None and not point.requires_grad
    draw = IMAGES[name].sample()
    assert IMAGES[name].log_prob(point.expand(draw.shape)).isfinite().all()


def test_flows_without_inverse_have_no_known_point() -> None:
    assert point_of_support(dist.TransformedDistribution(NORMAL.to_event(1), T.planar(3)), torch.zeros(())) is None
