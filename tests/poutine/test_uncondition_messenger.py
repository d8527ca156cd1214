import torch

import pyro
import pyro.distributions as dist
from pyro import poutine


def model():
    x = pyro.sample("x", dist.Normal(0.0, 1.0), obs=torch.tensor(9.0), infer={"kept": 1})
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    return pyro.deterministic("twice", 2 * x), z


def test_observed_sites_are_sampled_and_remember_their_data():
    trace = poutine.trace(poutine.uncondition(model)).get_trace()
    assert trace.stochastic_nodes == ["x", "z"]
    x = trace.nodes["x"]
    assert x["value"] != 9.0 and x["infer"] == {"kept": 1, "was_observed": True, "obs": 9.0}
    assert trace.nodes["_RETURN"]["value"][0] == 2 * x["value"]


def test_computed_values_follow():
    trace = poutine.trace(poutine.uncondition(model)).get_trace()
    assert trace.nodes["twice"]["is_observed"] and trace.nodes["twice"]["value"] == 2 * trace.nodes["x"]["value"]


def test_it_undoes_condition():
    conditioned = poutine.condition(model, data={"z": torch.tensor(9.0)})
    trace = poutine.trace(poutine.uncondition(conditioned)).get_trace()
    assert trace.stochastic_nodes == ["x", "z"] and trace.nodes["z"]["infer"]["obs"] == 9.0
    again = poutine.trace(poutine.condition(poutine.uncondition(model), data={"x": torch.tensor(3.0)})).get_trace()
    assert again.nodes["x"]["value"] == 3.0 and again.nodes["x"]["is_observed"]
