"""Parameters that are handed on in order become attributes of the batch shape."""

import pytest
import torch

from pyro.distributions import constraints
from pyro.distributions.elementwise import Elementwise


class Pair(Elementwise):
    arg_constraints = {"first": constraints.real, "second": constraints.positive}
    support = constraints.real


def test_parameters_are_named_broadcast_and_expanded() -> None:
    d = Pair(torch.zeros(3, dtype=torch.float64), 2.0)
    assert d.second.tolist() == [2.0] * 3
    assert d.second.dtype == torch.float64
    assert (d.batch_shape, d.event_shape) == ((3,), ())
    assert d.expand([4, 3]).first.shape == (4, 3)


def test_each_parameter_is_checked() -> None:
    with pytest.raises(ValueError, match="parameter second .* of distribution Pair"):
        Pair(0.0, -1.0)
