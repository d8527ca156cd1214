import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import constraints

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.runtime import _PYRO_STACK, get_plates

UNIT = dist.Normal(0.0, 1.0)


@pytest.fixture(autouse=True)
def nothing_left_behind():
    pyro.clear_param_store()
    yield
    assert len(_PYRO_STACK) == 0


def traced(statement):
    return poutine.trace(statement).get_trace()


# ---- sample


def test_sample_draws_or_observes():
    trace = traced(lambda: (pyro.sample("z", UNIT), pyro.sample("x", UNIT, obs=torch.tensor(3.0))))
    assert not trace.nodes["z"]["is_observed"] and trace.nodes["x"]["is_observed"]
    assert trace.nodes["_RETURN"]["value"] == (trace.nodes["z"]["value"], 3.0)


@pytest.mark.parametrize("handlers", [poutine.trace, lambda fn: fn])
def test_sample_passes_arguments_to_functions(handlers):
    assert handlers(lambda: pyro.sample("x", lambda a, b=1: torch.tensor(a + b), 3, b=4))() == 7


def test_a_draw_without_handlers_is_the_distributions():
    torch.manual_seed(0)
    expected = UNIT()
    torch.manual_seed(0)
    assert pyro.sample("x", UNIT) == expected


def test_sample_without_handlers_warns_of_observations():
    with pytest.warns(RuntimeWarning, match="observe a value outside of inference at x"):
        assert pyro.sample("x", UNIT, obs=torch.tensor(3.0)) == 3.0


def test_the_infer_dict_stays_the_users():
    options = {"a": 1}
    site = traced(lambda: pyro.sample("x", UNIT, infer=options)).nodes["x"]
    site["infer"]["b"] = 2
    assert options == {"a": 1}


def test_the_infer_dict_may_say_that_a_value_is_no_data():
    site = traced(lambda: pyro.sample("x", UNIT, obs=torch.tensor(1.0), infer={"is_observed": False})).nodes["x"]
    assert site["value"] == 1.0 and not site["is_observed"] and site["infer"] == {}
    with pytest.raises(AssertionError, match="Site 'x': .*needs a value.*obs="):
        traced(lambda: pyro.sample("x", UNIT, infer={"is_observed": True}))


@pytest.mark.parametrize("fn", [3, "Normal", None])
@pytest.mark.parametrize("handlers", [poutine.trace, lambda fn: fn])
def test_what_is_no_distribution_is_refused_by_name(fn, handlers):
    with pytest.raises(TypeError, match=r"Site 'x': expected a distribution, got .*pyro\.deterministic"):
        handlers(lambda: pyro.sample("x", fn))()


# ---- partial observations

DATA = torch.arange(3.0)


@given(st.lists(st.booleans(), min_size=3, max_size=3).map(torch.tensor) | st.booleans())
def test_obs_mask_splits_a_site_into_two(mask):
    def model():
        with pyro.plate("rows", 3):
            return pyro.sample("x", UNIT, obs=DATA, obs_mask=mask)

    trace = traced(model)
    trace.compute_log_prob()
    nodes, where = trace.nodes, torch.as_tensor(mask).expand(3)
    value = nodes["x"]["value"]
    assert torch.equal(value, torch.where(where, DATA, nodes["x_unobserved"]["value"]))
    assert trace.observation_nodes == ["x_observed", "x"] and trace.stochastic_nodes == ["rows", "x_unobserved"]
    torch.testing.assert_close(trace.log_prob_sum(), UNIT.log_prob(value).sum())


def test_obs_mask_knows_event_dims_and_broadcasts():
    def model():
        with pyro.plate("columns", 2), pyro.plate("rows", 3):
            fn = dist.Normal(torch.zeros(3, 2, 4), 1.0).to_event(1)
            return pyro.sample("x", fn, obs=torch.full((3, 2, 4), 9.0), obs_mask=torch.tensor([True, False]))

    value = traced(model).nodes["x"]["value"]
    assert (value[:, 0] == 9.0).all() and (value[:, 1] != 9.0).all()


def test_obs_mask_without_data_samples_all():
    trace = traced(lambda: pyro.sample("x", dist.Normal(torch.zeros(2), 1.0), obs_mask=torch.tensor([True, False])))
    assert trace.stochastic_nodes == ["x_observed", "x_unobserved"] and trace.nodes["x"]["value"].shape == (2,)


@pytest.mark.parametrize("mask_shape", [(), (3,), (2, 1), (2, 3)])
def test_lesson_25e_obs_mask_may_have_the_shape_of_plates_that_the_distribution_lacks(mask_shape):
    with pyro.plate("columns", 3), pyro.plate("rows", 2):
        site = traced(lambda: pyro.sample("x", dist.Normal(torch.zeros(3), 1.0), obs=torch.zeros(2, 3),
                                          obs_mask=torch.ones(mask_shape, dtype=torch.bool)))
    assert site.nodes["x"]["value"].shape == (2, 3)


@pytest.mark.parametrize(("mask", "message"), [
    (torch.tensor([1.0, 0.0, 1.0]), r"Site 'x': obs_mask has dtype torch.float32, expected torch.bool.*\.bool\(\)"),
    (torch.tensor([True, False]), r"Site 'x': obs_mask has shape \(2,\), expected .*batch_shape \(3,\)"),
    (1, "Site 'x': expected a boolean or a boolean tensor as obs_mask, got 1"),
])
def test_bad_obs_masks_are_refused_by_name(mask, message):
    with pytest.raises(ValueError, match=message):
        pyro.sample("x", dist.Normal(torch.zeros(3), 1.0), obs=DATA, obs_mask=mask)


def test_obs_masks_that_do_not_fit_the_plates_are_refused_by_name():
    with pytest.raises(ValueError, match=r"Site 'x': .*shape \(2,\), .*plates' sizes \(3,\)"), pyro.plate("rows", 3):
        pyro.sample("x", UNIT, obs=DATA, obs_mask=torch.tensor([True, False]))


# ---- factor and deterministic


@given(st.lists(st.integers(1, 3), max_size=2))
def test_factor_adds_to_the_density(shape):
    term = torch.randn(shape)
    site = traced(lambda: pyro.factor("f", term))
    torch.testing.assert_close(site.log_prob_sum(), term.sum())
    assert site.nodes["f"]["is_observed"] and site.nodes["f"]["infer"] == {"is_auxiliary": True}


def test_factor_without_handlers_warns():
    with pytest.warns(RuntimeWarning, match="outside of inference at f"):
        pyro.factor("f", torch.tensor(1.0))


@pytest.mark.parametrize("has_rsample", [True, False])
def test_factor_tells_whether_it_is_pathwise(has_rsample):
    trace = traced(lambda: pyro.factor("f", torch.tensor(1.0), has_rsample=has_rsample))
    assert trace.nodes["f"]["fn"].has_rsample is has_rsample


@pytest.mark.parametrize(("event_dim", "batch_shape"), [(None, ()), (0, (2, 3)), (1, (2,)), (2, ())])
def test_deterministic_names_a_value(event_dim, batch_shape):
    value = torch.ones(2, 3)
    trace = traced(lambda: pyro.deterministic("d", value, event_dim=event_dim))
    assert trace.nodes["_RETURN"]["value"] is value and trace.nodes["d"]["fn"].batch_shape == batch_shape
    assert trace.nodes["d"]["infer"] == {"_deterministic": True, "_has_event_dim": event_dim is not None}
    assert trace.log_prob_sum() == 0
    assert pyro.deterministic("d", value) is value


@pytest.mark.parametrize("value", [3.0, None, "x"])
def test_deterministic_needs_a_tensor(value):
    with pytest.raises(AttributeError, match=r"Site 'd': expected a tensor, got .*torch\.tensor\(\)"):
        pyro.deterministic("d", value)


# ---- parameters


@pytest.mark.parametrize("handlers", [poutine.trace, lambda fn: fn])
def test_param_is_kept_in_the_store(handlers):
    first = handlers(lambda: pyro.param("p", lambda: torch.tensor(2.0), constraint=constraints.positive))()
    assert first.item() == pytest.approx(2) and first.unconstrained().requires_grad
    assert handlers(lambda: pyro.param("p"))().item() == pytest.approx(2)
    assert list(pyro.get_param_store()) == ["p"]
    pyro.clear_param_store()
    with pytest.raises(KeyError, match="'p'"):
        handlers(lambda: pyro.param("p"))()


def test_param_messages_say_what_was_asked_for():
    site = traced(lambda: pyro.param("p", torch.ones(3), event_dim=1)).nodes["p"]
    assert site["args"][0] == "p" and site["kwargs"] == {"constraint": constraints.real, "event_dim": 1}


def test_bad_first_values_are_refused_by_name():
    with pytest.raises(ValueError, match="'p'"):
        pyro.param("p", torch.tensor(-1.0), constraint=constraints.positive)


# ---- subsample, barrier, plates


@pytest.mark.parametrize("event_dim", [-1, "a", 1.0])
def test_subsample_needs_an_event_dim(event_dim):
    with pytest.raises(AssertionError, match="non-negative event_dim"):
        pyro.subsample(torch.zeros(3), event_dim=event_dim)


def test_statements_without_sites():
    data = torch.zeros(3)
    trace = traced(lambda: (pyro.subsample(data, event_dim=0), pyro.barrier(data)))
    assert list(trace.nodes) == ["_INPUT", "_RETURN"] and all(x is data for x in trace.nodes["_RETURN"]["value"])


@given(st.lists(st.integers(1, 4), max_size=4), st.integers(-3, -1))
def test_plate_stack_is_a_nest_from_the_right(sizes, rightmost):
    with pyro.plate_stack("p", sizes, rightmost_dim=rightmost):
        frames = {frame.dim: (frame.name, frame.size) for frame in get_plates()}
    assert frames == {rightmost - i: (f"p_{i}", size) for i, size in enumerate(reversed(sizes))}


def test_plate_stack_needs_a_negative_dim():
    with pytest.raises(AssertionError, match="negative rightmost_dim, got 0"), pyro.plate_stack("p", [2], 0):
        pass


@pytest.mark.parametrize("old", [pyro.iarange, pyro.irange])
def test_old_names_of_plates_warn(old):
    with pytest.warns(DeprecationWarning, match=r"use pyro\.plate instead"):
        plate = old("rows", 3)
    assert isinstance(plate, pyro.plate) and list(plate) == [0, 1, 2]


# ---- modules


def network():
    return torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Sequential(torch.nn.Linear(1, 1)))


def test_module_registers_parameters_by_name():
    net = network()
    trace = traced(lambda: pyro.module("net", net))
    assert trace.param_nodes == [f"net$$${name}" for name, _ in net.named_parameters()]
    assert trace.nodes["_RETURN"]["value"] is net
    for name, parameter in net.named_parameters():
        assert pyro.param(f"net$$${name}") is parameter


@pytest.mark.parametrize("update", [False, True])
def test_a_second_module_may_take_the_parameters_over(update):
    first, second = network(), network()
    pyro.module("net", first)
    pyro.module("net", second, update_module_params=update)
    same = [a is b for a, b in zip(first.parameters(), second.parameters(), strict=True)]
    assert same == [update] * 4


def test_frozen_parameters_are_left_alone():
    net = torch.nn.Linear(2, 1)
    net.bias.requires_grad_(False)
    with pytest.warns(UserWarning, match="Module 'net': bias was not registered.*requires_grad"):
        pyro.module("net", net)
    assert list(pyro.get_param_store()) == ["net$$$weight"]


@pytest.mark.parametrize(("module", "error", "message"), [
    (torch.nn.Linear, NotImplementedError, r"Module 'net': .*class constructors.*Linear\(\.\.\.\)"),
    (object(), AssertionError, "Module 'net': expected a torch.nn.Module"),
])
def test_bad_modules(module, error, message):
    with pytest.raises(error, match=message):
        pyro.module("net", module)


@pytest.mark.parametrize("prior", [UNIT, {"weight": dist.Normal(torch.zeros(1, 2), 1.0), "bias": dist.Normal(
    torch.zeros(1), 1.0)}])
def test_random_module_draws_parameters(prior):
    net = torch.nn.Linear(2, 1)
    before = copy.deepcopy(net.state_dict())
    with pytest.warns(FutureWarning, match=r"pyro\.nn\.PyroModule"):
        draw = pyro.random_module("net", net, prior)
    trace = traced(draw)
    drawn = trace.nodes["_RETURN"]["value"]
    assert trace.stochastic_nodes == ["net$$$weight", "net$$$bias"] and trace.param_nodes == []
    assert drawn.weight is trace.nodes["net$$$weight"]["value"] and dict(drawn.named_parameters())["bias"] is drawn.bias
    assert draw().weight is not drawn.weight
    assert all(torch.equal(net.state_dict()[name], value) for name, value in before.items())


def test_random_module_needs_a_module():
    with pytest.warns(FutureWarning), pytest.raises(AssertionError, match="Module 'net': expected a torch.nn.Module"):
        pyro.random_module("net", object(), UNIT)


# ---- validation


def test_validation_is_switched_for_a_block():
    before = poutine.is_validation_enabled()
    with pyro.validation_enabled(not before):
        assert poutine.is_validation_enabled() is not before
    assert poutine.is_validation_enabled() is before
    pyro.enable_validation(False)
    try:
        assert not poutine.is_validation_enabled()
    finally:
        pyro.enable_validation(before)
