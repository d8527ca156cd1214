import warnings

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine


class Reparametriser:
    """Whatever has a method ``apply`` from a site to what remains of it."""

    def __init__(self, remains):
        self.remains, self.seen = remains, []

    def apply(self, msg):
        self.seen.append((set(msg), msg["name"], self.args_kwargs))
        return self.remains(msg)


def model(scale, loc=0.0):
    return pyro.sample("x", dist.Normal(loc, scale))


def decentred(msg):
    z = pyro.sample("x_decentred", dist.Normal(0.0, 1.0))
    return {"fn": None, "value": msg["fn"].loc + msg["fn"].scale * z, "is_observed": True}


REMAINS = {
    "another distribution": lambda msg: {"fn": dist.Normal(50.0, 1.0), "value": None, "is_observed": False},
    "a value": lambda msg: {"fn": msg["fn"], "value": torch.tensor(3.0), "is_observed": False},
    "an observation": lambda msg: {"fn": msg["fn"], "value": torch.tensor(3.0), "is_observed": True},
    "a computed value": decentred,
}


def trace_with(config, program=model):
    return poutine.trace(poutine.reparam(program, config=config)).get_trace(2.0, loc=1.0)


@pytest.mark.parametrize(("remains", "stochastic", "observed"), [
    ("another distribution", ["x"], []), ("a value", ["x"], []), ("an observation", [], ["x"]),
    ("a computed value", ["x_decentred"], ["x"]),
])
@pytest.mark.parametrize("by_function", [False, True])
def test_what_remains_of_a_site(remains, stochastic, observed, by_function):
    reparam = Reparametriser(REMAINS[remains])
    config = {"x": reparam}
    trace = trace_with((lambda msg: config.get(msg["name"])) if by_function else config)
    assert trace.stochastic_nodes == stochastic and trace.observation_nodes == observed
    assert reparam.seen == [({"name", "fn", "value", "is_observed"}, "x", ((2.0,), {"loc": 1.0}))]
    assert reparam.args_kwargs is None


def test_a_computed_value_has_no_density_and_the_right_gradient():
    scale = torch.tensor(2.0, requires_grad=True)
    trace = poutine.trace(poutine.reparam(model, config={"x": Reparametriser(decentred)})).get_trace(scale)
    assert trace.log_prob_sum(lambda name, site: name == "x") == 0
    z = trace.nodes["x_decentred"]["value"]
    assert torch.autograd.grad(trace.nodes["_RETURN"]["value"], scale) == (z,)


def test_sites_inside_a_plate_have_its_shape():
    def rows(scale, loc):
        with pyro.plate("rows", 3):
            return model(scale, loc)

    trace = trace_with({"x": Reparametriser(decentred)}, rows)
    assert trace.nodes["x_decentred"]["value"].shape == trace.nodes["x"]["value"].shape == (3,)


def test_as_a_context_manager_the_arguments_are_not_known():
    reparam = Reparametriser(decentred)
    with poutine.trace() as recorder, poutine.reparam(config={"x": reparam}):
        model(1.0)
    assert set(recorder.trace.nodes) == {"x", "x_decentred"} and reparam.seen[0][2] is None


class Begin(poutine.messenger.Messenger):
    """A handler that knows where sites begin, as those of pyro.infer.autoguide do."""

    def __init__(self, value):
        self.value = torch.tensor(value)

    def _pyro_sample(self, msg):
        if msg["value"] is None and msg["name"] == "x":
            msg["value"], msg["done"] = self.value, True

    def _pyro_get_init_messengers(self, msg):
        msg["value"] = [self, *(msg["value"] or [])]


def follows(msg):
    start = None if msg["value"] is None else (msg["value"] - msg["fn"].loc) / msg["fn"].scale
    z = pyro.sample("x_decentred", dist.Normal(0.0, 1.0), obs=start, infer={"is_observed": False})
    return {"fn": None, "value": msg["fn"].loc + msg["fn"].scale * z, "is_observed": True}


def test_sites_begin_where_handlers_around_say():
    reparam = Reparametriser(follows)
    with Begin(9.0), Begin(5.0):  # the inner one counts
        trace = trace_with({"x": reparam})
    assert trace.nodes["x"]["value"] == 5 and trace.nodes["x_decentred"]["value"] == 2
    assert trace.stochastic_nodes == ["x_decentred"]


@pytest.mark.parametrize("value", [5.0, 0.0])
def test_what_cannot_begin_there_begins_by_default(value):
    def refuses(msg):
        if msg["value"] is not None:
            raise NotImplementedError
        return decentred(msg)

    with Begin(value), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trace = trace_with({"x": Reparametriser(refuses)})
    assert trace.nodes["x"]["value"] != value
    # zero is proposed where there is no preference
    assert [str(w.message)[:8] for w in caught] == ([] if value == 0 else ["Site 'x'"])


def test_data_that_are_refused_are_an_error():
    def refuses(msg):
        raise NotImplementedError("no data")

    conditioned = poutine.condition(model, data={"x": torch.tensor(1.0)})
    with pytest.raises(NotImplementedError, match="no data"):
        trace_with({"x": Reparametriser(refuses)}, conditioned)


@pytest.mark.parametrize("remains", [
    lambda msg: {"fn": dist.Delta(torch.tensor(3.0), torch.tensor(-1.0)), "value": torch.tensor(3.0),
                 "is_observed": True}, decentred])
def test_a_latent_site_that_became_computed_is_marked_so(remains):
    assert trace_with({"x": Reparametriser(remains)}).nodes["x"]["infer"] == {"_deterministic": True}


@pytest.mark.parametrize("config", [{}, {"y": Reparametriser(decentred)}, lambda msg: None])
def test_other_sites_are_left_alone(config):
    assert trace_with(config).stochastic_nodes == ["x"]


@pytest.mark.parametrize("config", [3, "x", None])
def test_bad_configs(config):
    with pytest.raises(AssertionError, match="config to be a dict of reparametrisers by site, or a function"):
        poutine.reparam(model, config=config)


def test_bad_reparametrisers_are_named():
    with pytest.raises(AttributeError, match=r"Site 'x': expected a reparametriser with a method apply\(\), got 3"):
        poutine.reparam(model, config={"x": 3})(1.0)


def test_the_arguments_are_forgotten_after_an_error():
    reparam = Reparametriser(lambda msg: {}["nothing"])
    handler = poutine.reparam(config={"x": reparam})
    with pytest.raises(KeyError, match="nothing"):
        handler(model)(1.0)
    assert reparam.args_kwargs is None and handler._args_kwargs is None
