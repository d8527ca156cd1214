"""Traces of a guide and of its model on the guide's values, with log-densities, checked."""

import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer.enum import get_importance_trace

DATA = torch.tensor([0.5, -1.0, 2.0])


def model(data):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("rows", 3, subsample_size=2) as rows:
        pyro.sample("x", dist.Normal(z, 1.0), obs=data[rows])


def guide(data):
    pyro.sample("z", dist.Normal(pyro.param("loc", torch.tensor(0.3)), 1.0))


def traces(model=model, guide=guide, graph_type="flat", max_plate_nesting=math.inf, args=(DATA,), **options):
    return get_importance_trace(graph_type, max_plate_nesting, model, guide, args, {}, **options)


def test_the_model_runs_on_the_guides_values():
    model_trace, guide_trace = traces()
    assert model_trace.nodes["z"]["value"] is guide_trace.nodes["z"]["value"]
    expected = dist.Normal(0.3, 1.0).log_prob(guide_trace.nodes["z"]["value"])
    torch.testing.assert_close(guide_trace.nodes["z"]["log_prob"], expected)
    assert guide_trace.nodes["z"]["score_parts"].entropy_term is guide_trace.nodes["z"]["log_prob"]
    assert all("log_prob_sum" in model_trace.nodes[name] for name in ("z", "x"))


def test_rows_of_plates_are_left_out():
    model_trace, _ = traces()
    assert "rows" not in model_trace.nodes


@pytest.mark.parametrize(("graph_type", "edges"), [("flat", set()), ("dense", {("z", "x")})])
def test_the_kind_of_graph(graph_type, edges):
    model_trace, guide_trace = traces(graph_type=graph_type)
    assert edges <= set(model_trace.edges)
    assert (model_trace.graph_type, guide_trace.graph_type) == (graph_type, graph_type)


@pytest.mark.parametrize("detach", [False, True])
def test_gradients_may_stop_at_the_values(detach):
    model_trace, guide_trace = traces(detach=detach)
    assert model_trace.nodes["x"]["log_prob_sum"].requires_grad is not detach
    # the guide's density still depends on its parameters
    assert guide_trace.nodes["z"]["log_prob_sum"].requires_grad


def bad_shape(data):
    pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.sample("x", dist.Normal(torch.zeros(3), 1.0), obs=data)


def event(data):
    pyro.sample("z", dist.Normal(torch.zeros(2), 1.0).to_event(1))


def observing(data):
    pyro.sample("z", dist.Normal(0.0, 1.0), obs=data[0])


@pytest.mark.parametrize(("programs", "message"), [
    ({"model": bad_shape}, "at site 'x', invalid log_prob shape"),
    ({"model": event}, "event_dims disagree at site 'z'"),
    ({"guide": observing}, "Site 'z' must be sampled in the trace"),
])
def test_misfits(programs, message):
    with pytest.raises((ValueError, RuntimeError), match=message):
        traces(**programs)


def test_without_validation_shapes_are_not_looked_at():
    with pyro.validation_enabled(False):
        model_trace, _ = traces(bad_shape)
    assert model_trace.nodes["x"]["log_prob"].shape == (3,)
