"""A project computes losses of its own: estimators derived from ours, and functions over traces."""

import math

import pytest
import torch

import pyro
import pyro.distributions as dist
import pyro.poutine as poutine
from pyro.distributions.util import is_identically_zero, scale_and_mask
from pyro.infer import ELBO, SVI, RenyiELBO, Trace_ELBO, TraceGraph_ELBO, TraceMeanField_ELBO
from pyro.infer.autoguide import AutoNormal
from pyro.infer.elbo import ELBO as ELBOFromItsModule
from pyro.infer.enum import get_importance_trace
from pyro.infer.util import torch_item
from pyro.poutine.util import prune_subsample_sites
from pyro.util import check_model_guide_match, check_site_shape, warn_if_nan

DATA = torch.tensor([1.0, 2.0, 3.0, 4.0])


def model(data, beta=1.0):
    with poutine.scale(scale=beta):
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("data", len(data)):
        pyro.sample("x", dist.Normal(z, 1.0), obs=data)


def guide(data, beta=1.0):
    loc = pyro.param("loc", torch.tensor(0.0))
    scale = pyro.param("scale", torch.tensor(1.0), constraint=dist.constraints.positive)
    with poutine.scale(scale=beta):
        pyro.sample("z", dist.Normal(loc, scale))


class OwnELBO(ELBO):
    """The estimate written down once more, as projects do that change one of its terms."""

    def _get_trace(self, model, guide, args, kwargs):
        model_trace, guide_trace = get_importance_trace("flat", self.max_plate_nesting, model, guide, args, kwargs)
        for site in model_trace.nodes.values():
            if site["type"] == "sample":
                check_site_shape(site, self.max_plate_nesting)
        return model_trace, guide_trace

    def loss(self, model, guide, *args, **kwargs):
        elbo = 0.0
        for model_trace, guide_trace in self._get_traces(model, guide, args, kwargs):
            particle = torch_item(model_trace.log_prob_sum()) - torch_item(guide_trace.log_prob_sum())
            elbo += particle / self.num_particles
        warn_if_nan(elbo, "loss")
        return -elbo

    def differentiable_loss(self, model, guide, *args, **kwargs):
        loss = 0.0
        for model_trace, guide_trace in self._get_traces(model, guide, args, kwargs):
            for site in guide_trace.nodes.values():
                if site["type"] == "sample":
                    assert is_identically_zero(site["score_parts"].score_function)
            loss = loss - (model_trace.log_prob_sum() - guide_trace.log_prob_sum()) / self.num_particles
        return loss

    def loss_and_grads(self, model, guide, *args, **kwargs):
        loss = self.differentiable_loss(model, guide, *args, **kwargs)
        loss.backward()
        return torch_item(loss)


class Tempered(Trace_ELBO):
    """Changes the traces before the estimate is made of them."""

    def __init__(self, temperature, **kwargs):
        super().__init__(**kwargs)
        self.temperature = temperature

    def _get_trace(self, model, guide, args, kwargs):
        model_trace, guide_trace = super()._get_trace(model, guide, args, kwargs)
        for site in model_trace.nodes.values():
            if site["type"] == "sample" and site["is_observed"]:
                site["log_prob"] = site["log_prob"] / self.temperature
                site["log_prob_sum"] = site["log_prob_sum"] / self.temperature
        return model_trace, guide_trace


@pytest.mark.parametrize("particles", [{}, {"num_particles": 3}, {"num_particles": 3, "vectorize_particles": True}])
def test_an_estimator_of_its_own_agrees_with_ours(particles):
    assert ELBO is ELBOFromItsModule and issubclass(Trace_ELBO, ELBO)
    results = []
    for estimator in (OwnELBO(**particles), Trace_ELBO(**particles)):
        pyro.clear_param_store()
        pyro.set_rng_seed(1)
        values = [estimator.loss(model, guide, DATA), estimator.loss_and_grads(model, guide, DATA)]
        grads = [leaf.grad.item() for _, leaf in pyro.get_param_store().named_parameters()]
        results.append(values + grads)
    assert len(results[0]) == 4 and results[0] == pytest.approx(results[1], rel=1e-5)


@pytest.mark.parametrize("estimator", [OwnELBO(num_particles=2), Tempered(4.0, num_particles=2)])
def test_an_estimator_of_its_own_trains(estimator):
    svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.05}), loss=estimator)
    for _ in range(300):
        assert math.isfinite(svi.step(DATA))
    weight = 1 / getattr(estimator, "temperature", 1.0)
    exact = weight * DATA.sum() / (1 + weight * len(DATA))
    assert pyro.param("loc").item() == pytest.approx(exact.item(), abs=0.15)
    assert math.isfinite(svi.evaluate_loss(DATA))


def trace_loss(model, guide, *args, **kwargs):
    """The estimate from bare traces."""
    guide_trace = poutine.trace(guide).get_trace(*args, **kwargs)
    model_trace = poutine.trace(poutine.replay(model, trace=guide_trace)).get_trace(*args, **kwargs)
    return guide_trace.log_prob_sum() - model_trace.log_prob_sum()


def regularized_loss(model, guide, *args, **kwargs):
    loss = Trace_ELBO().differentiable_loss(model, guide, *args, **kwargs)
    return loss + 0.1 * pyro.param("loc").square()


def map_loss(model, guide, *args, **kwargs):
    guide_trace = poutine.trace(guide).get_trace(*args, **kwargs)
    trace = poutine.trace(poutine.replay(model, trace=guide_trace)).get_trace(*args, **kwargs)
    return -trace.log_prob_sum(site_filter=lambda name, site: site["is_observed"])


@pytest.mark.parametrize(("loss", "exact"), [(trace_loss, 2.0), (regularized_loss, 10 / 5.2), (map_loss, 2.5)])
def test_a_loss_may_be_a_function(loss, exact):
    svi = SVI(model, guide, pyro.optim.ClippedAdam({"lr": 0.05, "clip_norm": 10.0}), loss=loss)
    for _ in range(300):
        svi.step(DATA)
    assert pyro.param("loc").item() == pytest.approx(exact, abs=0.2)
    assert isinstance(svi.step(DATA, beta=0.5), float)


def test_a_loss_may_come_with_its_gradients():
    calls = []

    def loss_and_grads(model, guide, *args, **kwargs):
        loss = trace_loss(model, guide, *args, **kwargs)
        loss.backward()
        calls.append(loss.item())
        return loss.item()

    svi = SVI(model, guide, pyro.optim.SGD({"lr": 0.01}), loss=trace_loss, loss_and_grads=loss_and_grads)
    assert [svi.step(DATA), svi.step(DATA)] == calls
    svi.evaluate_loss(DATA)
    assert len(calls) == 2


def test_importance_traces():
    model_trace, guide_trace = get_importance_trace("flat", math.inf, model, guide, (DATA,), {"beta": 0.5}, detach=True)
    assert not guide_trace.nodes["z"]["value"].requires_grad
    assert model_trace.nodes["z"]["value"] is guide_trace.nodes["z"]["value"]
    assert "data" not in model_trace and model_trace.nodes["x"]["log_prob"].shape == (4,)
    log_weight = model_trace.log_prob_sum() - guide_trace.log_prob_sum()
    assert log_weight.shape == () and log_weight.requires_grad
    dense, _ = get_importance_trace("dense", 1, model, guide, (DATA,), {})
    assert list(dense.edges) == [("z", "x")]


def test_guides_name_computed_values_and_add_terms():
    """Neither is an observation that belongs to the model, so no warning is due."""

    def annotated(data, beta=1.0):
        guide(data, beta)
        pyro.deterministic("twice", 2 * pyro.param("loc"))
        pyro.factor("penalty", pyro.param("loc").square(), has_rsample=True)

    assert math.isfinite(Trace_ELBO().loss_and_grads(model, annotated, DATA))


def test_traces_answer_questions():
    trace = poutine.trace(poutine.condition(model, data={"z": torch.tensor(1.0)})).get_trace(DATA, beta=2.0)
    assert trace.nodes["_INPUT"]["args"] == (DATA,) and trace.nodes["_INPUT"]["kwargs"] == {"beta": 2.0}
    assert trace.nodes["_RETURN"]["value"] is None
    assert trace.observation_nodes == ["z", "x"] and trace.param_nodes == []
    assert "z" in trace and "nope" not in trace and "z" in list(trace) and len(trace) == len(trace.nodes)
    trace.compute_log_prob(site_filter=lambda name, site: name == "x")
    assert "log_prob" not in trace.nodes["z"]
    x = trace.nodes["x"]
    assert torch.allclose(x["log_prob"], x["fn"].log_prob(DATA)) and torch.equal(x["log_prob"], x["unscaled_log_prob"])
    trace.compute_log_prob()
    z = trace.nodes["z"]
    assert torch.allclose(z["log_prob"], scale_and_mask(z["unscaled_log_prob"], z["scale"], z["mask"]))
    assert torch.allclose(trace.log_prob_sum(), x["log_prob_sum"] + z["log_prob_sum"])
    for word in ("z dist", "x dist", "log_prob", "4"):
        assert word in trace.format_shapes()
    pruned = prune_subsample_sites(trace)
    pruned.remove_node("z")
    assert "z" in trace and "z" not in pruned
    latents = {name: site["value"] for name, site in poutine.trace(model).get_trace(DATA).nodes.items()
               if site["type"] == "sample" and not site["is_observed"]}
    assert set(latents) == {"z", "data"}


def test_traces_are_made_by_hand():
    trace = poutine.Trace()
    trace.add_node("z", name="z", type="sample", is_observed=False, value=torch.tensor(1.5), infer={},
                   fn=dist.Delta(torch.tensor(1.5)), args=(), kwargs={}, scale=1.0, mask=None, cond_indep_stack=())
    run = poutine.trace(poutine.replay(model, trace=trace)).get_trace(DATA)
    assert run.nodes["z"]["value"].item() == 1.5
    assert trace.log_prob_sum().item() == 0.0
    check_model_guide_match(run, trace)
    a = poutine.Trace(graph_type="dense")
    for name in "ab":
        a.add_node(name, name=name, type="sample")
    a.add_edge("a", "b")
    assert list(a.edges) == [("a", "b")] and a.topological_sort() == ["a", "b"]
    assert list(a.successors("a")) == ["b"] and list(a.predecessors("b")) == ["a"]


def test_densities_of_conditioned_programs_are_differentiated():
    """What samplers outside of this library do: a potential over unconstrained values."""
    z = torch.tensor(0.5, requires_grad=True)
    trace = poutine.trace(poutine.condition(model, data={"z": z})).get_trace(DATA)
    (grad,) = torch.autograd.grad(trace.log_prob_sum(), z)
    assert grad.item() == pytest.approx((DATA - 0.5).sum().item() - 0.5, rel=1e-6)


CELLS = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def one_plate_left_of_the_columns(declared):
    """Rows in a plate at dim -2, as single-cell models have cells; their columns belong to no plate."""
    rows = pyro.plate("rows", len(CELLS), dim=-1 if declared else -2)
    scale = pyro.sample("scale", dist.Exponential(1.0))
    with rows:
        level = pyro.sample("level", dist.Gamma(torch.ones(3, 2) + scale, 1.0).to_event(1 if declared else 0))
        pyro.sample("x", dist.Normal(level, 1.0).to_event(1 if declared else 0), obs=CELLS)


@pytest.mark.parametrize("loss", [Trace_ELBO, TraceMeanField_ELBO, TraceGraph_ELBO, RenyiELBO])
def test_columns_right_of_a_plate_need_no_plate(loss):
    """They count as columns that are declared an event do."""
    values = []
    for declared in (False, True):
        pyro.set_rng_seed(0)
        guide = AutoNormal(one_plate_left_of_the_columns)
        values.append(loss(num_particles=2).loss(one_plate_left_of_the_columns, guide, declared))
    assert values[0] == pytest.approx(values[1], rel=1e-5)
