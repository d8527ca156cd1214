"""Structured guides: conditionals, dependencies, densities, and how they run."""

import copy
import math
from functools import partial

import pytest
import torch
from torch import nn

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide.structured import AutoStructured
from pyro.optim import Adam
from tests.infer.compiled_runs import check_compiled_is_eager

DATA = torch.tensor([1.0, -1.0, 2.5])


def model(rows=None):
    mu = pyro.sample("mu", dist.Normal(0.0, 1.0))
    with pyro.plate("rows", 3, subsample_size=rows) as index:
        x = pyro.sample("x", dist.Normal(mu, 1.0))
        pyro.sample("y", dist.Normal(x, 1.0), obs=DATA[index])
    pyro.sample("share", dist.Dirichlet(torch.ones(3)))


def noise():
    scale = pyro.param("noise_scale", torch.tensor(0.3))
    return pyro.sample("share_noise", dist.Normal(torch.zeros(2), scale).to_event(1))


CONDITIONALS = {
    "mvn": "mvn",
    "normal": "normal",
    "delta": "delta",
    "mixed": {"mu": "normal", "x": "mvn", "share": noise},
}
DEPENDENCIES = {
    "linear": "linear",
    "none": {},
    "given": {"x": {"mu": nn.Linear(1, 3), "share": "linear"}, "share": {"mu": lambda u: torch.cat([u, u.sin()], -1)}},
}


@pytest.fixture(autouse=True)
def seed():
    pyro.set_rng_seed(0)


def shapes(guide):
    return {name: tuple(value.shape) for name, value in guide.named_parameters()}


@pytest.mark.parametrize("rows", [None, 2])
@pytest.mark.parametrize("dependencies", DEPENDENCIES)
@pytest.mark.parametrize("conditionals", CONDITIONALS)
def test_sites_have_the_models_shapes(conditionals, dependencies, rows):
    guide = AutoStructured(model, conditionals=CONDITIONALS[conditionals], dependencies=DEPENDENCIES[dependencies])
    trace = poutine.trace(guide).get_trace(rows)
    replayed = poutine.trace(poutine.replay(model, trace=trace)).get_trace(rows)
    replayed.compute_log_prob()
    assert trace.nodes["x"]["value"].shape == (3 if rows is None else rows,)
    assert guide.median(rows)["x"].shape == (3,)
    elbo = Trace_ELBO(num_particles=5, vectorize_particles=True, max_plate_nesting=1)
    assert math.isfinite(elbo.loss(model, guide, rows))


def test_linear_dependencies_are_those_of_the_posterior():
    guide = AutoStructured(model)
    guide()
    assert {name: shape for name, shape in shapes(guide).items() if "deps" in name} == {"deps.x.mu.weight": (3, 1)}
    assert shapes(guide)["scale_trils.x_unconstrained"] == (3, 3)


def test_lesson_25b_density_is_that_of_a_normal_vector():
    """``log q`` of auxiliary sites and point masses together is the density in unconstrained space, and PR#2829."""
    guide = AutoStructured(model, conditionals={"mu": "normal", "x": "mvn", "share": "delta"}, init_scale=0.5)
    guide()
    with torch.no_grad():
        guide.deps.x.mu.weight.copy_(torch.tensor([[1.0], [2.0], [-1.0]]))
        tril = torch.tensor([[1.0, 0, 0], [0.5, 2.0, 0], [0.0, 1.0, 0.5]])
        guide.scale_trils.x = tril
        guide.scales.x = torch.tensor([1.0, 0.5, 2.0])
    weight, scaled = guide.deps.x.mu.weight.detach(), guide.scales.x.detach()[:, None] * tril
    mix = torch.cat([torch.tensor([[0.5, 0, 0, 0]]), torch.cat([0.5 * weight, scaled], -1)])
    trace = poutine.trace(guide).get_trace()
    value = torch.cat([trace.nodes["mu"]["value"].reshape(1), trace.nodes["x"]["value"]]).detach()
    log_q = sum(trace.nodes[name]["fn"].log_prob(trace.nodes[name]["value"]).sum()
                for name in ("mu_aux", "x_aux", "mu", "x"))
    expected = dist.MultivariateNormal(torch.zeros(4), mix @ mix.mT).log_prob(value)
    torch.testing.assert_close(log_q, expected)


def test_posterior_is_found():
    guide = AutoStructured(model)
    result = SVI(model, guide, Adam({"lr": 0.02}), Trace_ELBO()).run(2500, progress_bar=False)
    assert result.parts[-1].how != "eager"
    evidence = dist.MultivariateNormal(torch.zeros(3), 2 * torch.eye(3) + 1).log_prob(DATA)
    # the share has a prior of its own alone, which a normal vector does not reach quite
    loss = Trace_ELBO(num_particles=2000, vectorize_particles=True, max_plate_nesting=1).loss(model, guide)
    assert -evidence - 0.02 < loss < -evidence + 0.15


@pytest.mark.parametrize("rows", [None, 2])
def test_lesson_21_compiled_steps_are_the_eager_ones(rows):
    program = partial(model, rows)
    check_compiled_is_eager(program, AutoStructured(program), Trace_ELBO())


def test_deltas_of_some_sites():
    guide = AutoStructured(model)
    guide()
    trace = poutine.trace(guide.get_deltas).get_trace(["mu"])
    assert list(trace.nodes["_RETURN"]["value"]) == ["mu"]
    assert "x_aux" not in trace and trace.nodes["mu_aux"]["infer"]["is_auxiliary"]


def test_copies_and_states():
    guide = AutoStructured(model)
    SVI(model, guide, Adam({"lr": 0.1}), Trace_ELBO()).step()
    fresh = AutoStructured(model)
    fresh.load_state_dict(guide.state_dict())
    for copied in (copy.deepcopy(guide), fresh):
        torch.testing.assert_close(copied.median(), guide.median())


@pytest.mark.parametrize("arguments, error, message", [
    ({"conditionals": "gamma"}, ValueError, "Unsupported conditional type: gamma"),
    ({"conditionals": {"mu": "normal"}}, KeyError, "Site 'x'"),
    ({"dependencies": "quadratic"}, ValueError, "'linear' or a callable"),
    ({"dependencies": {"x": {"mu": "square"}}}, ValueError, "'linear' or a callable"),
    ({"dependencies": {"x": {"nothing": "linear"}}}, AssertionError, "'nothing'"),
    ({"dependencies": {"x": {"mu": "linear"}, "mu": {"x": "linear"}}}, AssertionError, "cycle"),
    ({"dependencies": {"x": {"x": "linear"}}}, AssertionError, "cycle"),
    ({"init_scale": 0.0}, ValueError, "init_scale"),
])
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        AutoStructured(model, **arguments)()
