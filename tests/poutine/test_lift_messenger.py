import pytest
import torch
from torch.distributions import constraints

import pyro
import pyro.distributions as dist
from pyro import poutine

UNIT = dist.Normal(0.0, 1.0)


def model():
    p = pyro.param("p", torch.tensor(1.0))
    q = pyro.param("q", torch.ones(3), constraint=constraints.positive)
    return p, q


def types(prior, program=model):
    trace = poutine.trace(poutine.lift(program, prior=prior)).get_trace()
    return {name: site["type"] for name, site in trace.nodes.items() if name[0] != "_"}


@pytest.mark.parametrize(("prior", "expected"), [
    (UNIT, {"p": "sample", "q": "sample"}),
    ({"p": UNIT}, {"p": "sample", "q": "param"}),
    ({"p": UNIT, "q": dist.Exponential(torch.ones(3))}, {"p": "sample", "q": "sample"}),
    ({}, {"p": "param", "q": "param"}),
])
def test_parameters_with_priors_are_sampled(prior, expected):
    assert types(prior) == expected
    assert set(pyro.get_param_store()) == {name for name, kind in expected.items() if kind == "param"}


def test_a_site_has_the_priors_value_and_density_and_no_trace_of_the_parameter():
    site = poutine.trace(poutine.lift(model, prior={"p": UNIT})).get_trace().nodes["p"]
    assert site["fn"] is UNIT and not site["is_observed"] and site["infer"] == {}
    assert (site["args"], site["kwargs"]) == ((), {})


def test_sites_may_then_be_conditioned():
    data = {"p": torch.tensor(7.0)}
    p, _ = poutine.condition(poutine.lift(model, prior={"p": UNIT}), data=data)()
    assert p == 7.0


@pytest.mark.parametrize("by_name", [False, True])
def test_a_function_is_called_with_the_parameters_arguments_and_makes_the_sites(by_name):
    calls = []

    def prior(init, constraint, event_dim):
        calls.append((init.shape, constraint, event_dim))
        return pyro.sample(f"prior_{len(calls)}", dist.Delta(init + 1))

    lifted = poutine.lift(model, prior={"p": prior, "q": prior} if by_name else prior)
    trace = poutine.trace(lifted).get_trace()
    assert trace.stochastic_nodes == ["prior_1", "prior_2"] and trace.param_nodes == []
    assert calls == [((), constraints.real, None), ((3,), constraints.positive, None)]
    assert trace.nodes["_RETURN"]["value"][1].tolist() == [2.0, 2.0, 2.0]


def test_plates_outside_expand_the_prior():
    with pyro.plate("rows", 3):
        assert poutine.lift(lambda: pyro.param("p", torch.ones(3), event_dim=0), prior=UNIT)().shape == (3,)


@pytest.mark.parametrize("key", ["weight", "net$$$weight"])
def test_a_modules_parameters_go_by_either_name(key):
    net = torch.nn.Linear(2, 1)
    prior = {key: dist.Normal(torch.zeros(1, 2), 1.0)}
    assert types(prior, lambda: pyro.module("net", net)) == {"net$$$weight": "sample", "net$$$bias": "param"}


def test_entries_for_no_parameter_are_named():
    with pytest.warns(UserWarning, match=r"\['nowhere'\] that are no parameters.*\['p', 'q'\]"):
        poutine.lift(model, prior={"p": UNIT, "nowhere": UNIT})()


def test_no_warning_where_the_program_failed():
    def fail():
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        poutine.lift(fail, prior={"nowhere": UNIT})()
