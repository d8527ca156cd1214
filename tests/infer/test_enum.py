"""Traces of a guide and of its model on the guide's values, with log-densities, checked."""

import math
from functools import partial

import pytest
import torch
from torch.distributions import kl_divergence

import pyro
import pyro.distributions as dist
from pyro.infer import Importance, Trace_ELBO, TraceGraph_ELBO, TraceMeanField_ELBO, WeighedPredictive
from pyro.infer.autoguide import AutoDiagonalNormal, AutoNormal, AutoStructured
from pyro.infer.enum import get_importance_trace
from tests.infer.compiled_runs import check_compiled_is_eager
from tests.infer.partly_observed import PARTLY_OBSERVED
from tests.infer.test_trace_elbo import check_unbiased

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


# ---- sites that are observed in part

PARTLY = [(Trace_ELBO, "partly observed, one parameter"), (TraceGraph_ELBO, "partly observed, one parameter"),
          (TraceGraph_ELBO, "partly observed, from the prior"), (TraceMeanField_ELBO, "partly observed, pathwise"),
          (partial(Trace_ELBO, stick_the_landing=True), "partly observed, pathwise")]


@pytest.mark.parametrize(("estimator", "name"), PARTLY)
def test_lesson_04_what_is_observed_is_no_part_of_the_guide(estimator, name):
    check_unbiased(estimator(num_particles=4000, vectorize_particles=True), PARTLY_OBSERVED[name], 0.1, repeats=12)


@pytest.mark.parametrize(("estimator", "name"), [row for row in PARTLY if "prior" not in row[1]])
def test_lesson_04_compiled_as_well(estimator, name):
    problem = PARTLY_OBSERVED[name]
    params = problem.params.items()

    def guide():
        for key, (value, constraint) in params:
            pyro.param(key, value.clone(), constraint)
        problem.guide()

    check_compiled_is_eager(problem.model, guide, estimator())


def partly_observed(mask):
    with pyro.plate("rows", 3):
        pyro.sample("x", dist.LogNormal(0.0, 1.0), obs=torch.tensor([2.0, 1.0, 1.0]), obs_mask=mask)


@pytest.mark.parametrize("mask", [torch.tensor([True, False, False]), True, False])
@pytest.mark.parametrize("guide_class", [AutoNormal, AutoDiagonalNormal, AutoStructured])
def test_lesson_04_guides_that_draw_elsewhere_have_a_prior_for_what_is_observed(guide_class, mask):
    """A bound of its own: the divergences of all elements from the standard normal, here the model's prior too."""
    guide = guide_class(partly_observed)
    loc = guide.median(mask)["x_unobserved"].log()
    observed = dist.LogNormal(0.0, 1.0).log_prob(torch.tensor([2.0, 1.0, 1.0])) * mask
    expected = (kl_divergence(dist.Normal(loc, 0.1), dist.Normal(0.0, 1.0)) - observed).sum()
    elbo = Trace_ELBO(num_particles=1000, vectorize_particles=True)
    losses = torch.tensor([elbo.loss(partly_observed, guide, mask) for _ in range(10)])
    assert (losses.mean() - expected).abs() <= 5 * losses.std() / 10**0.5, (losses, expected)


def test_lesson_04_weights_leave_out_what_is_observed():
    """Where the guide is the prior, all weights are the observation's density."""
    mask = torch.tensor([True, False, False])

    def prior(mask):
        with pyro.plate("rows", 3):
            pyro.sample("x_unobserved", dist.LogNormal(0.0, 1.0))

    expected = dist.LogNormal(0.0, 1.0).log_prob(torch.tensor(2.0)).expand(4)
    for parallel in (False, True):
        weighed = WeighedPredictive(partly_observed, guide=prior, num_samples=4, parallel=parallel)
        torch.testing.assert_close(weighed(mask).log_weights, expected)
    posterior = Importance(partly_observed, prior, num_samples=4).run(mask)
    torch.testing.assert_close(torch.stack(posterior.log_weights), expected)
