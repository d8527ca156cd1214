import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine


def model():
    a = pyro.sample("x_a", dist.Normal(0.0, 1.0))
    b = pyro.sample("x_b", dist.Normal(1.0, 2.0))
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    p = pyro.param("p_a", torch.tensor(1.0))
    q = pyro.param("p_b", torch.tensor(2.0))
    return {"x_a": a, "x_b": b, "z": z, "p_a": p, "p_b": q}


@pytest.mark.parametrize(("sites", "type", "equal"), [
    ("x_.*", "sample", {"x_a", "x_b"}),
    (["x_a", "x_b"], "sample", {"x_a", "x_b"}),
    (["x_b", "z"], "sample", {"x_b", "z"}),
    (".*", "sample", {"x_a", "x_b", "z"}),
    ("x_", "sample", set()),  # whole names match, not beginnings
    ("p_.*", "sample", set()),
    ("p_.*", "param", {"p_a", "p_b"}),
    ("x_.*", "param", set()),
])
def test_matching_sites_have_the_first_ones_value(sites, type, equal):
    result = {name: value.item() for name, value in poutine.equalize(model, sites, type)().items()}
    assert len({result[name] for name in equal}) == min(1, len(equal))
    assert len(set(result.values())) == len(result) - max(0, len(equal) - 1)


def test_later_sites_become_deterministic():
    trace = poutine.trace(poutine.equalize(model, "x_.*")).get_trace()
    assert trace.stochastic_nodes == ["x_a", "z"] and trace.observation_nodes == ["x_b"]
    assert trace.nodes["x_b"]["infer"]["_deterministic"]
    assert trace.log_prob_sum(lambda name, site: name == "x_b") == 0


def test_or_keep_their_densities():
    trace = poutine.trace(poutine.equalize(model, "x_.*", keep_dist=True)).get_trace()
    assert trace.observation_nodes == ["x_b"]
    expected = dist.Normal(1.0, 2.0).log_prob(trace.nodes["x_a"]["value"])
    torch.testing.assert_close(trace.log_prob_sum(lambda name, site: name == "x_b"), expected)


def test_each_run_has_a_value_of_its_own():
    program = poutine.equalize(model, "x_.*")
    assert program()["x_b"] != program()["x_b"]


def test_data_are_shared_too():
    def observed():
        pyro.sample("x_a", dist.Normal(0.0, 1.0), obs=torch.tensor(2.0))
        return pyro.sample("x_b", dist.Normal(0.0, 1.0))

    assert poutine.equalize(observed, "x_.*")() == 2.0
