import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine

OPTIONS = {"kept": 1, "changed": 1}


def model():
    pyro.sample("z", dist.Normal(0.0, 1.0), infer=OPTIONS)
    pyro.sample("x", dist.Normal(0.0, 1.0), obs=torch.tensor(0.0))
    pyro.param("p", torch.tensor(1.0))
    pyro.subsample(torch.zeros(3), event_dim=0)


def test_entries_are_added_to_sample_and_param_sites():
    trace = poutine.trace(poutine.infer_config(model, config_fn=lambda site: {"changed": site["name"]})).get_trace()
    assert {name: site["infer"] for name, site in trace.nodes.items() if name in "zxp"} == {
        "z": {"kept": 1, "changed": "z"}, "x": {"changed": "x"}, "p": {"changed": "p"}}


def test_the_models_own_dict_stays_as_it_is():
    poutine.infer_config(model, config_fn=lambda site: {"changed": 2})()
    assert OPTIONS == {"kept": 1, "changed": 1}


def test_of_nested_handlers_the_outer_one_holds():
    inner = poutine.infer_config(model, config_fn=lambda site: {"changed": "inner"})
    trace = poutine.trace(poutine.infer_config(inner, config_fn=lambda site: {"changed": "outer"})).get_trace()
    assert trace.nodes["z"]["infer"]["changed"] == "outer"


def test_a_function_that_returns_nothing_is_an_error():
    with pytest.raises(TypeError):
        poutine.infer_config(model, config_fn=lambda site: None)()
