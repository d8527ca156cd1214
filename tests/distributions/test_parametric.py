"""The base of families that are their parameters broadcasts and expands them."""

import torch
from torch import Size

from pyro.distributions import AffineBeta, Logistic, constraints
from pyro.distributions.parametric import Parametric


class Point(Parametric):
    arg_constraints = {"place": constraints.real_vector, "weight": constraints.positive}
    support = constraints.real_vector

    def __init__(self, place, weight, label="here", validate_args=None):
        self.label = label
        super().__init__(place.shape[-1:], place=place, weight=weight, validate_args=validate_args)


def test_parameters_broadcast_up_to_their_own_dimensions():
    d = Point(torch.zeros(4, 1, 3, dtype=torch.float64), torch.ones(2, dtype=torch.float64))
    assert (d.batch_shape, d.event_shape) == ((4, 2), (3,))
    assert (d.place.shape, d.weight.shape) == ((4, 2, 3), (4, 2))


def test_numbers_follow_the_first_tensor():
    d = Point(torch.zeros(3, dtype=torch.float64), 2.0)
    assert d.weight.dtype == torch.float64
    assert d.batch_shape == Size()


def test_numbers_alone_have_the_default_dtype():
    d = AffineBeta(2, 3, 0, 10)
    assert {d.concentration1.dtype, d.concentration0.dtype, d.loc.dtype, d.scale.dtype} == {torch.get_default_dtype()}
    assert Logistic(0, 1).sample().is_floating_point()


def test_expanding_keeps_other_state():
    d = Point(torch.zeros(3), 2.0, label="there", validate_args=False)
    expanded = d.expand([5, 2])
    assert (expanded.batch_shape, expanded.event_shape) == ((5, 2), (3,))
    assert (expanded.label, expanded._validate_args) == ("there", False)
    assert d.batch_shape == Size()
    assert expanded.place.shape == (5, 2, 3)
