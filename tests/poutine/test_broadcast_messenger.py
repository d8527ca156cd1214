import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.indep_messenger import IndepMessenger


@given(st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=4), st.integers(0, 2))
def test_a_batch_shape_is_broadcast_to_the_plates(plates, event_dim):
    """The site's shape is that of the plates, dim by dim, whichever of its own dims are there, or are 1."""
    sizes = tuple(size for size, _ in plates)
    own = [size if full else 1 for size, full in plates]
    while own and own[0] == 1:
        own.pop(0)
    event_shape = (2,) * event_dim
    fn = dist.Normal(torch.zeros((*own, *event_shape)), 1.0).to_event(event_dim)
    with pyro.plate_stack("data", sizes):
        assert pyro.sample("x", fn).shape == sizes + event_shape


def test_handler_expands_inside_contexts_that_do_not():
    def model():
        with IndepMessenger("rows", 3), IndepMessenger("columns", 2):
            return pyro.sample("x", dist.Normal(0.0, 1.0))

    assert model().shape == ()
    assert poutine.broadcast(model)().shape == (2, 3)


def test_dims_outside_of_the_plates_are_kept():
    with pyro.plate("data", 3, dim=-1), pyro.plate("unknown", dim=-2):
        assert pyro.sample("x", dist.Normal(torch.zeros(4, 5, 1), 1.0)).shape == (4, 5, 3)


@pytest.mark.parametrize("batch_shape", [(2,), (4, 2), (1, 4)])
def test_a_size_that_is_not_the_plates_is_refused_by_name(batch_shape):
    expected = rf"plate\('data'\) at site 'x': dim -1 of .*{batch_shape[-1]}, the plate has size 3.*to_event"
    with pytest.raises(ValueError, match=expected), pyro.plate("data", 3):
        pyro.sample("x", dist.Normal(torch.zeros(batch_shape), 1.0))


def test_functions_that_are_no_distributions_are_left_alone():
    with pyro.plate("data", 3):
        assert pyro.sample("x", lambda: torch.tensor(1.0)).shape == ()
