"""Laws of the bases of transforms along a dimension."""

import pytest
import torch

from pyro.distributions import constraints
from pyro.distributions.transforms.along_dim import AlongDim, check_dim


@pytest.mark.parametrize("dim", [-1, -2, -3])
def test_events_have_the_dimensions_from_dim_on(dim: int) -> None:
    transform = AlongDim(dim)
    for space in (transform.domain, transform.codomain):
        assert isinstance(space, constraints.independent)
        assert space.base_constraint is constraints.real and space.event_dim == -dim
    assert transform.log_abs_det_jacobian(torch.ones(4, 5, 2, 3, 6), None).shape == (4, 5, 2, 3, 6)[:dim]
    with pytest.raises(ValueError, match=f"at least {-dim} dimensions"):
        transform.inverse_shape((5,) * (-dim - 1))


@pytest.mark.parametrize("dim", [0, 1, 1.5])
def test_dimension_is_counted_from_the_right(dim: int) -> None:
    with pytest.raises(AssertionError, match="Rotate: expected a negative 'dim'"):
        check_dim("Rotate", dim, AssertionError)
