"""Misfits of models and guides: what raises, what warns, and what is fine."""

import math
import warnings
from contextlib import nullcontext

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.checks import (
    check_if_enumerated,
    check_model_guide_match,
    check_site_shape,
    check_traceenum_requirements,
    check_traces_match,
)
from pyro.poutine.frame import CondIndepStackFrame

FINE = nullcontext()


def run(fn):
    return poutine.trace(fn).get_trace()


def program(*sites):
    """A program with normal sites, each given by its name, its shape and, if need be, keywords of ``sample``."""

    def fn():
        for name, shape, *options in sites:
            pyro.sample(name, dist.Normal(torch.zeros(shape), 1.0), **(options[0] if options else {}))

    return fn


# ---- two runs of one program

def test_runs_that_match():
    with warnings.catch_warnings(action="error"):
        check_traces_match(run(program(("z", (2,)))), run(program(("z", (2,)))))


def test_sites_that_come_and_go():
    with pytest.warns(UserWarning, match=r"Program vars change: \['a', 'b'\]"):
        check_traces_match(run(program(("z", ()), ("a", ()))), run(program(("z", ()), ("b", ()))))


def test_shapes_that_change():
    with pytest.raises(ValueError, match=r"Site dims disagree at site 'z': \(2,\) in one run, \(3,\) in another"):
        check_traces_match(run(program(("z", (2,)))), run(program(("z", (3,)))))


# ---- a model and a guide

AUXILIARY = {"infer": {"is_auxiliary": True}}
OBSERVED = {"obs": torch.tensor(0.0)}


def matches(model, guide, max_plate_nesting=math.inf):
    guide_trace = run(guide)
    check_model_guide_match(run(poutine.replay(model, trace=guide_trace)), guide_trace, max_plate_nesting)


@pytest.mark.parametrize(("model", "guide"), [
    (program(), program()),
    (program(("z", (2,))), program(("z", (2,)))),
    (program(("z", ()), ("x", (), OBSERVED)), program(("z", ()))),
    (program(("z", ())), program(("z", ()), ("u", (), AUXILIARY))),
    (program(("z", ())), program(("z", ()), ("u", (), AUXILIARY | OBSERVED))),
    (program(), lambda: pyro.factor("f", torch.tensor(1.0), has_rsample=True)),
    (program(), lambda: pyro.deterministic("d", torch.tensor(1.0))),
    (program(("z", (1, 2))), program(("z", (2,)))),
    (program(("a", ()), ("b", ())), program(("b", ()), ("a", ()))),
])
def test_programs_that_match(model, guide):
    with warnings.catch_warnings(action="error"):
        matches(model, guide)


@pytest.mark.parametrize(("model", "guide", "message"), [
    (program(("z", ())), program(), r"Found vars in model but not guide: \['z'\]"),
    (program(), program(("z", ())), r"Found non-auxiliary vars in guide but not model: \['z'\]"),
    (program(("z", ()), ("x", (), OBSERVED)), program(("z", ()), ("u", ())), r"not model: \['u'\]"),
    (program(), program(("a", (), OBSERVED)), r"Found observed sites in the guide: \['a'\]"),
    (program(("z", ())), program(("z", (), AUXILIARY)), r"Found auxiliary vars in the model: \['z'\]"),
])
def test_names_that_do_not_match(model, guide, message):
    with pytest.warns(UserWarning, match=message) as record:
        matches(model, guide)
    assert len(record) == 1


@pytest.mark.parametrize("handler", [lambda fn: fn, lambda fn: poutine.mask(fn, mask=torch.tensor(True)),
                                     lambda fn: pyro.plate("rows", 2)(fn)])
def test_factors_of_a_guide_say_whether_they_are_pathwise(handler):
    def guide(**kwargs):
        pyro.factor("f", torch.tensor(1.0), **kwargs)

    with pytest.raises(ValueError, match="Site 'f': pyro.factor in a guide is missing specification of has_rsample"):
        matches(program(), handler(guide))
    matches(program(), handler(lambda: guide(has_rsample=False)))


def test_plates_of_the_guide_only():
    def guide():
        with pyro.plate("rows", 3, subsample_size=2):
            pass

    with pytest.warns(UserWarning, match=r"Found plate statements in guide but not model: \['rows'\]"):
        matches(program(), guide)
    with warnings.catch_warnings(action="error"):
        matches(guide, program())


def test_sites_that_the_model_enumerates_need_no_guide():
    def model():
        pyro.sample("k", dist.Bernoulli(0.5), infer={"enumerate": "parallel"})

    enumerated = run(poutine.enum(model, first_available_dim=-1))
    with warnings.catch_warnings(action="error"):
        check_model_guide_match(enumerated, run(program()))


@pytest.mark.parametrize(("model_shape", "guide_shape", "max_plate_nesting", "fits"), [
    ((2,), (3,), math.inf, False), ((2,), (), math.inf, False), ((4, 2), (2,), math.inf, False),
    ((4, 2), (2,), 1, True), ((4, 2), (2,), 2, False), ((4, 3), (2,), 1, False), ((), (), 0, True),
])
def test_shapes_that_do_not_match(model_shape, guide_shape, max_plate_nesting, fits):
    model, guide = run(program(("z", model_shape))), run(program(("z", guide_shape)))
    message = "Model and guide shapes disagree at site 'z'"
    with FINE if fits else pytest.raises(ValueError, match=message):
        check_model_guide_match(model, guide, max_plate_nesting)


def test_event_dims_that_do_not_match():
    model = run(lambda: pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1)))
    with pytest.raises(ValueError, match="Model and guide event_dims disagree at site 'z': 1 vs 0"):
        check_model_guide_match(model, run(program(("z", (2,)))))


# ---- a site and its plates

def site_at(shape, dims, event_dim=0):
    """A site whose log-density has a shape, said to stand in plates of the given dims and sizes."""
    trace = run(lambda: pyro.sample("x", dist.Normal(torch.zeros(shape), 1.0).to_event(event_dim)))
    trace.compute_log_prob()
    site = trace.nodes["x"]
    site["cond_indep_stack"] = tuple(CondIndepStackFrame(f"p{dim}", dim, size, 0) for dim, size in dims)
    return site


@pytest.mark.parametrize(("shape", "dims", "max_plate_nesting", "fits"), [
    ((), [], math.inf, True), ((), [(-1, 1)], math.inf, True), ((), [(-1, 3)], math.inf, False),
    ((3,), [(-1, 3)], math.inf, True), ((3,), [], math.inf, False), ((3,), [(-1, 2)], math.inf, False),
    ((2, 3), [(-1, 3), (-2, 2)], 2, True), ((2, 1), [(-2, 2)], 2, True), ((2, 3), [(-2, 2)], 2, True),
    ((7, 3), [(-1, 3)], 1, True), ((7, 3), [(-1, 3)], math.inf, False), ((7, 3), [(-1, 3)], 2, False),
    ((3,), [(-1, 3), (None, 5)], math.inf, True), ((3,), [(-1, -1)], math.inf, True), ((7,), [], 0, True),
    ((5, 3), [(-2, 2)], 2, False), ((7, 2, 3), [(-2, 2)], math.inf, False), ((2, 5, 4), [(-3, 2), (-1, 4)], 3, True),
])
def test_site_shapes(shape, dims, max_plate_nesting, fits):
    site = site_at(shape, dims)
    with FINE if fits else pytest.raises(ValueError, match="at site 'x', invalid log_prob shape\n  Expected"):
        check_site_shape(site, max_plate_nesting)


def test_event_dims_take_no_plate():
    check_site_shape(site_at((3, 4), [(-1, 3)], event_dim=1), math.inf)


def test_plates_too_far_left_or_on_one_dim():
    with pytest.raises(ValueError, match="'x': plate 'p-2' stands at dim -2, further left than max_plate_nesting=1"):
        check_site_shape(site_at((2, 3), [(-2, 2), (-1, 3)]), 1)
    with pytest.raises(ValueError, match="'x': plate 'p-1' collides with another plate at dim -1"):
        check_site_shape(site_at((3,), [(-1, 3), (-1, 3)]), 1)


def test_an_outer_product_of_data_is_explained():
    """The mistake of a column of predictions for a row of data."""

    def model():
        with pyro.plate("rows", 3):
            pyro.sample("x", dist.Normal(torch.zeros(3, 1), 1.0), obs=torch.zeros(3))

    trace = run(model)
    trace.compute_log_prob()
    with pytest.raises(ValueError) as caught:
        check_site_shape(trace.nodes["x"], math.inf)
    assert "Expected [3], actual [3, 3]" in str(caught.value)
    assert "The observation has batch shape (3,), the distribution (3, 3): they broadcast to an outer product" in str(
        caught.value)


# ---- enumeration

def test_guides_that_ask_for_enumeration():
    infer = {"infer": {"enumerate": "sequential"}}
    with pytest.warns(UserWarning, match="configured for enumeration: a, b. .* use TraceEnum_ELBO"):
        check_if_enumerated(run(program(("a", (), infer), ("b", (), infer), ("c", ()))))
    with warnings.catch_warnings(action="error"):
        check_if_enumerated(run(program(("c", ()))))


# ---- the order of enumerated sites

def flip(name, *, enumerated=False):
    pyro.sample(name, dist.Bernoulli(0.5), infer={"enumerate": "parallel"} if enumerated else {})


def follows_a_plate():
    with pyro.plate("p", 2):
        flip("x", enumerated=True)
    flip("y")


def precedes_a_plate():
    flip("y")
    with pyro.plate("p", 2):
        flip("x")


def follows_in_the_same_turn():
    for i in pyro.plate("loop", 2):
        with pyro.plate(f"p_{i}", 2):
            flip(f"x_{i}", enumerated=True)
        if i == 0:
            flip("y")


def follows_in_the_next_turn():
    for i in pyro.plate("loop", 2):
        flip(f"y_{i}")
        with pyro.plate(f"p_{i}", 2):
            flip(f"x_{i}", enumerated=True)


def follows_in_another_plate():
    with pyro.plate("p", 2):
        flip("x", enumerated=True)
    with pyro.plate("q", 2):
        flip("y")


@pytest.mark.parametrize(("model", "guide", "warned"), [
    (follows_a_plate, precedes_a_plate, "At model site 'y'.*'x'.*'p'"),
    (precedes_a_plate, follows_a_plate, "At guide site 'y'.*'x'.*'p'"),
    (precedes_a_plate, precedes_a_plate, None),
    (follows_in_the_same_turn, precedes_a_plate, "At model site 'y'.*'x_0'.*'p_0'"),
    (follows_in_the_next_turn, precedes_a_plate, None),
    (follows_in_another_plate, precedes_a_plate, None),
])
def test_sites_precede_the_enumerated_sites_of_deeper_plates(model, guide, warned):
    with pytest.warns(UserWarning, match=warned) if warned else FINE:
        check_traceenum_requirements(run(model), run(guide))
