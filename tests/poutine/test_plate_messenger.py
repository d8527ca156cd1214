import functools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.plate_messenger import block_plate
from pyro.poutine.runtime import get_plates

# a plate: size, subsample_size, whether it is a loop
PLATES = st.tuples(st.integers(1, 5), st.integers(1, 5), st.booleans()).map(
    lambda plate: (plate[0], min(plate[0], plate[1]), plate[2]))


@given(st.lists(PLATES, max_size=4), st.integers(0, 2))
def test_random_nests(plates, event_dim):
    """The frames, the shape and the scale of a site are those of the plates around it."""
    fn = dist.Normal(torch.zeros((2,) * event_dim), 1.0).to_event(event_dim)

    def visit(depth):
        if depth == len(plates):
            pyro.sample(f"x{len(recorder.trace.nodes)}", fn)
            return
        size, rows, is_loop = plates[depth]
        plate = pyro.plate(f"p{depth}_{len(recorder.trace.nodes)}", size, subsample_size=rows)
        if is_loop:
            for row in plate:
                assert 0 <= row < size
                visit(depth + 1)
        else:
            with plate as chosen:
                assert chosen.shape == (rows,)
                visit(depth + 1)

    with poutine.trace() as recorder:
        visit(0)
    sites = [site for name, site in recorder.trace.nodes.items() if name[0] == "x"]
    loops = [rows for _, rows, is_loop in plates if is_loop]
    assert len(sites) == functools.reduce(lambda x, y: x * y, loops, 1)
    vectorized = [rows for _, rows, is_loop in plates if not is_loop]
    dims = {i: -1 - sum(not p[2] for p in plates[:i]) for i, p in enumerate(plates) if not p[2]}
    for site in sites:
        assert site["value"].shape == tuple(reversed(vectorized)) + (2,) * event_dim
        frames = [(frame.dim, frame.size, frame.full_size) for frame in site["cond_indep_stack"]]
        assert frames == [(dims.get(i), rows, size) for i, (size, rows, _) in enumerate(plates)]
        scale = functools.reduce(lambda x, y: x * y, [size / rows for size, rows, _ in plates], 1.0)
        assert site["scale"] == pytest.approx(scale, rel=1e-12)


def test_dims_may_be_chosen():
    with pyro.plate("a", 3, dim=-2), pyro.plate("b", 2), pyro.plate("c", 4):
        assert [frame.dim for frame in get_plates()] == [-2, -1, -3]
        assert pyro.sample("x", dist.Normal(0.0, 1.0)).shape == (4, 3, 2)


def test_as_decorator():
    @pyro.plate("rows", 3)
    def draw():
        return pyro.sample("x", dist.Normal(0.0, 1.0))

    assert draw().shape == draw().shape == (3,)


def test_without_a_size_the_dim_alone_is_declared():
    with pyro.plate("rows", dim=-2) as rows:
        assert rows is None
        assert [tuple(frame) for frame in get_plates()] == [("rows", -2, -1, 0, -1)]
        assert pyro.sample("x", dist.Normal(torch.zeros(4, 1), 1.0)).shape == (4, 1)


@pytest.mark.parametrize("target", [{"name": "outer"}, {"dim": -1}])
def test_block_plate_steps_out_of_one(target):
    with pyro.plate("outer", 3), pyro.plate("inner", 2):
        with block_plate(**target):
            assert [frame.name for frame in get_plates()] == ["inner"]
            assert pyro.sample("x", dist.Normal(0.0, 1.0)).shape == (2, 1)
        assert [frame.name for frame in get_plates()] == ["outer", "inner"]


@pytest.mark.parametrize(("arguments", "error", "message"), [
    ({}, ValueError, "exactly one of name and dim, got name=None and dim=None"),
    ({"name": "rows", "dim": -1}, ValueError, "exactly one of name and dim"),
    ({"name": "other"}, ValueError, "matched 0 active plates with name='other'.*strict=False"),
    ({"dim": -5}, ValueError, "matched 0 active plates with dim=-5"),
    ({"dim": 0}, AssertionError, "negative dim, got 0"),
])
def test_block_plate_refuses(arguments, error, message):
    with pyro.plate("rows", 3):
        with pytest.raises(error, match=message), block_plate(**arguments):
            pass
        assert len(get_plates()) == 1


@pytest.mark.parametrize("target", [{"name": "other"}, {"dim": -5}])
def test_block_plate_may_be_lenient(target):
    with pyro.plate("rows", 3), block_plate(**target, strict=False):
        assert len(get_plates()) == 1
