"""Gradients are unbiased, and see only the costs that depend on the value: less noise."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, JitTraceGraph_ELBO, Trace_ELBO, TraceGraph_ELBO
from pyro.infer.elbo import ELBOModule
from pyro.infer.tracegraph_elbo import TrackNonReparam
from tests.infer.compiled_runs import check_compiled_is_eager
from tests.infer.partly_observed import PARTLY_OBSERVED
from tests.infer.problems import PROBLEMS
from tests.infer.test_trace_elbo import check_unbiased

UNLIKE_TRACE_ELBO = ("mixed", "prior site below a pathwise one", "discrete", "discrete, prior masked", "nested plates",
                     "loops", "site by condition", "site by intervention", "factor, score function")


@pytest.mark.parametrize("name", UNLIKE_TRACE_ELBO)
def test_gradients_are_unbiased(name):
    check_unbiased(TraceGraph_ELBO(num_particles=4000, vectorize_particles=True), PROBLEMS[name], 0.1, repeats=12)


def test_lesson_04_a_partly_observed_site_that_the_guide_leaves_to_the_prior():
    problem = PARTLY_OBSERVED["partly observed, from the prior"]
    check_unbiased(TraceGraph_ELBO(num_particles=4000, vectorize_particles=True), problem, 0.1, repeats=15)


# ---- what depends on what

def branching():
    a = pyro.sample("a", dist.Bernoulli(0.5))
    b = pyro.sample("b", dist.Bernoulli(0.5))
    if a.item() > 0.5:
        b = 1 - b
    pyro.sample("c", dist.Normal(0.0, 1.0), obs=torch.tensor(1.0))


def simplex():
    a = pyro.sample("a", dist.Bernoulli(0.5))
    probs = pyro.sample("p", dist.Dirichlet(torch.ones(3) + a))
    pyro.sample("b", dist.Categorical(probs))
    pyro.sample("c", dist.Bernoulli(0.5))


def masked():
    a = pyro.sample("a", dist.Bernoulli(0.5))
    with poutine.mask(mask=a.bool()):
        pyro.sample("b", dist.Bernoulli(0.5))
    with poutine.scale(scale=1.0 + a):
        pyro.sample("c", dist.Normal(0.0, 1.0))


def filled():
    a = pyro.sample("a", dist.Bernoulli(0.5))
    values = torch.zeros(2)
    values[0] = a
    pyro.sample("b", dist.Normal(values, 1.0).to_event(1))


@pytest.mark.parametrize(("model", "expected"), [
    (branching, {"a": "a", "b": "b", "c": "a"}),
    (simplex, {"a": "a", "p": "a", "b": "ab", "c": "c"}),
    (masked, {"a": "a", "b": "ab", "c": "a"}),
    (filled, {"a": "a", "b": "a"})])
def test_sites_know_what_they_depend_on(model, expected):
    """Also through branches, draws by functions of their own, masks, scales and memory."""
    with TrackNonReparam():
        trace = poutine.trace(model).get_trace()
    assert {name: "".join(sorted(trace.nodes[name]["provenance"])) for name in expected} == expected


def test_checks_of_values_are_no_branches():
    with TrackNonReparam():
        trace = poutine.trace(simplex).get_trace()
    assert pyro.poutine.util.is_validation_enabled()
    assert trace.nodes["c"]["provenance"] == {"c"}


# ---- variance

SIZE = 10
DATA = torch.linspace(-2.0, 3.0, SIZE)


def rows_model():
    with pyro.plate("outer", SIZE):
        a = pyro.sample("a", dist.Bernoulli(0.4))
        pyro.sample("x", dist.Normal(a, 0.3), obs=DATA)
    for i in range(SIZE):  # independent, but in no plate
        y = pyro.sample(f"y_{i}", dist.Bernoulli(0.4))
        pyro.sample(f"z_{i}", dist.Normal(y, 0.3), obs=DATA[i])


def rows_guide():
    logits = pyro.param("logits", torch.zeros(SIZE))
    with pyro.plate("outer", SIZE):
        pyro.sample("a", dist.Bernoulli(logits=logits))
    for i in range(SIZE):
        pyro.sample(f"y_{i}", dist.Bernoulli(logits=logits[i]))


def variance(elbo, model, guide, leaf, repeats=30):
    grads = [torch.autograd.grad(elbo.differentiable_loss(model, guide), [leaf])[0] for _ in range(repeats)]
    return torch.stack(grads).var(0).sum().item()


def test_the_variance_on_a_plated_model_is_a_tenth_of_trace_elbos():
    rows_guide()
    leaf = pyro.param("logits").unconstrained()
    assert variance(TraceGraph_ELBO(), rows_model, rows_guide, leaf) <= 0.1 * variance(
        Trace_ELBO(), rows_model, rows_guide, leaf)


# ---- baselines

def coin_model():
    with pyro.plate("rows", 2):
        y = pyro.sample("y", dist.Bernoulli(0.3))
        pyro.sample("x", dist.Normal(y, 0.2), obs=torch.tensor([2.0, 3.0]))


class Coins(torch.nn.Module):
    """A guide with baselines of some kinds."""

    def __init__(self, *kinds):
        super().__init__()
        self.kinds = kinds
        self.net = torch.nn.Linear(1, 2)

    def forward(self):
        kinds = {"average": {"use_decaying_avg_baseline": True, "baseline_beta": 0.5},
                 "network": {"nn_baseline": self.net, "nn_baseline_input": torch.ones(1)},
                 "value": {"baseline_value": pyro.param("value", torch.zeros(2))}}
        pyro.module("net", self.net)
        with pyro.plate("rows", 2):
            options = {key: option for kind in self.kinds for key, option in kinds[kind].items()}
            pyro.sample("y", dist.Bernoulli(logits=pyro.param("logits", torch.zeros(2))),
                        infer={"baseline": options})


KINDS = [("average",), ("network",), ("value",), ("average", "network", "value")]


@pytest.mark.parametrize("kinds", KINDS)
def test_baselines_leave_the_mean_and_take_variance(kinds):
    guide, elbo = Coins(*kinds), TraceGraph_ELBO()
    svi = SVI(coin_model, guide, pyro.optim.Adam(lambda name: {"lr": 0.0 if name == "logits" else 0.5}), elbo)
    for _ in range(40):  # the mean of the costs is what baselines learn
        svi.step()
    leaf = pyro.param("logits").unconstrained()
    grads = torch.stack([torch.autograd.grad(elbo.differentiable_loss(coin_model, guide), [leaf])[0]
                         for _ in range(40)])
    assert grads.var(0).sum() <= 0.7 * variance(TraceGraph_ELBO(), coin_model, Coins(), leaf)
    logits = leaf.detach().clone().requires_grad_()
    probs = torch.sigmoid(logits)
    costs = [dist.Bernoulli(logits=logits).log_prob(y) - dist.Bernoulli(0.3).log_prob(y)
             - dist.Normal(y, 0.2).log_prob(torch.tensor([2.0, 3.0])) for y in (torch.zeros(2), torch.ones(2))]
    (expected,) = torch.autograd.grad(((1 - probs) * costs[0] + probs * costs[1]).sum(), [logits])
    assert ((grads.mean(0) - expected).abs() <= 5 * grads.std(0) / 40**0.5 + 1e-3).all()


def test_a_learnt_baseline_has_the_gradient_of_its_squared_error():
    """Costs have the sign of the ELBO."""
    guide = Coins("value")
    elbo = TraceGraph_ELBO()
    guide()
    loss = elbo.differentiable_loss(coin_model, guide)
    (grad,) = torch.autograd.grad(loss, [pyro.param("value").unconstrained()])
    assert -grad.sum().item() / 2 == pytest.approx(-loss.item(), rel=1e-4)


def test_averages_decay():
    elbo, guide = TraceGraph_ELBO(), Coins("average")
    losses = [elbo.loss_and_grads(coin_model, guide) for _ in range(2)]
    (average,) = elbo._averages._averages.values()
    assert average.sum().item() == pytest.approx(-(0.25 * losses[0] + 0.5 * losses[1]), rel=1e-5)


@pytest.mark.parametrize(("options", "match"), [
    ({"baseline_value": torch.zeros(3)}, r"Site 'y': expected a baseline of shape \(2,\)"),
    ({"baseline_values": torch.zeros(2)}, r"unknown options \['baseline_values'\]"),
    ({"nn_baseline": torch.nn.Linear(1, 2)}, "no nn_baseline_input")])
def test_bad_baselines(options, match):
    def guide():
        with pyro.plate("rows", 2):
            pyro.sample("y", dist.Bernoulli(logits=pyro.param("logits", torch.zeros(2))), infer={"baseline": options})

    with pytest.raises(ValueError, match=match):
        TraceGraph_ELBO().differentiable_loss(coin_model, guide)


# ---- the rest

@pytest.mark.parametrize("kinds", [(), *KINDS])
def test_runs_are_captured(kinds):
    guide = Coins(*kinds)
    if "network" in kinds:  # the module's parameters are the same for both runs
        svi = SVI(coin_model, guide, pyro.optim.Adam({"lr": 0.1}), JitTraceGraph_ELBO(num_particles=2))
        assert svi.run(5, progress_bar=False).parts[-1].how in ("loop program", "captured graph")
    else:
        check_compiled_is_eager(coin_model, guide, TraceGraph_ELBO(num_particles=2))


def test_losses_agree_and_gradients_need_not_be_asked_for():
    problem = PROBLEMS["discrete"]
    problem.start()
    module = TraceGraph_ELBO(num_particles=2)(problem.model, problem.guide)
    assert isinstance(module, ELBOModule)
    losses = []
    for estimate in (module, lambda: module.elbo.loss(problem.model, problem.guide),
                     lambda: module.elbo.loss_and_grads(problem.model, problem.guide)):
        pyro.set_rng_seed(3)
        losses.append(float(torch.as_tensor(estimate()).detach()))
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)
