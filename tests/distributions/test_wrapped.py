"""Families made of another: shapes, dtypes, expansion, and a base that does not serve."""

import pytest
import torch
from torch import Tensor
from torch.distributions import constraints

from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.log_normal import LogNormal
from pyro.distributions.normal import Normal
from pyro.distributions.wrapped import Wrapped


class Shifted(Wrapped):
    arg_constraints = {"by": constraints.real}
    support = constraints.real
    by: Tensor


@pytest.mark.parametrize("by", [1.0, torch.ones(3, 1), torch.ones(2)], ids=str)
@pytest.mark.parametrize("family", [Normal, LogNormal])
def test_parameters_follow_the_base(family: type, by: Tensor | float) -> None:
    base = family(torch.zeros(2, dtype=torch.float64), 1.0)
    d = Shifted(base, by=by)
    assert d.batch_shape == torch.broadcast_shapes((2,), torch.as_tensor(by).shape)
    assert d.by.shape == d.base_dist.batch_shape == d.batch_shape
    assert d.by.dtype == torch.float64


def test_expand_expands_both_and_leaves_the_original() -> None:
    d = Shifted(Normal(0.0, 1.0), by=2.0)
    expanded = d.expand([4])
    assert expanded.by.shape == expanded.base_dist.batch_shape == expanded.batch_shape == (4,)
    assert d.by.shape == d.batch_shape == ()


def test_a_multivariate_base_is_refused() -> None:
    with pytest.raises(ValueError, match="Shifted: expected a univariate base_dist, got event_shape"):
        Shifted(Dirichlet(torch.ones(2)), by=1.0)
