"""Without the guide's score gradients are unbiased, and have no variance where the guide is the posterior."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.infer import RenyiELBO, Trace_ELBO, TraceMeanField_ELBO
from tests.infer.compiled_runs import check_compiled_is_eager
from tests.infer.problems import PROBLEMS
from tests.infer.test_trace_elbo import check_unbiased

NAMES = ("normal", "scaled", "data masked", "data subsampled", "factor, pathwise", "auxiliary", "gamma-poisson",
         "mixed", "random rows")


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_unbiased(name):
    problem = PROBLEMS[name]
    num_particles, repeats = (100, 150) if problem.has_random_rows else (4000, 12)
    elbo = Trace_ELBO(num_particles=num_particles, vectorize_particles=True, stick_the_landing=True)
    check_unbiased(elbo, problem, 0.1, repeats)


def model():
    """Two latent sites; the posterior is a chain, which the guide can draw in the other order."""
    u = pyro.sample("u", dist.Normal(0.0, 1.0))
    v = pyro.sample("v", dist.Normal(u, 1.0))
    pyro.sample("x", dist.Normal(v, 1.0), obs=torch.tensor(3.0))


def posterior():
    """v | x ~ N(2, 2/3), u | v ~ N(v/2, 1/2)."""
    v = pyro.sample("v", dist.Normal(pyro.param("loc", torch.tensor(2.0)), pyro.param(
        "scale", torch.tensor((2 / 3) ** 0.5), constraint=constraints.positive)))
    slope = pyro.param("slope", torch.tensor(0.5))
    pyro.sample("u", dist.Normal(slope * v, 0.5**0.5))


def product():
    pyro.sample("u", dist.Normal(0.0, 1.0))
    pyro.sample("v", dist.Normal(0.0, 1.0))


def product_guide():
    loc = pyro.param("loc", torch.zeros(2))
    scale = pyro.param("scale", torch.ones(2), constraint=constraints.positive)
    pyro.sample("u", dist.Normal(loc[0], scale[0]))
    pyro.sample("v", dist.Normal(loc[1], scale[1]))


EXACT = [(Trace_ELBO(stick_the_landing=True), model, posterior),
         (Trace_ELBO(num_particles=2, vectorize_particles=True, stick_the_landing=True), model, posterior),
         (RenyiELBO(stick_the_landing=True), model, posterior),
         (RenyiELBO(0.5, 3, vectorize_particles=True, stick_the_landing=True), model, posterior),
         (TraceMeanField_ELBO(stick_the_landing=True), product, product_guide)]


@pytest.mark.parametrize(("elbo", "model", "guide"), EXACT)
def test_there_is_no_variance_at_the_posterior(elbo, model, guide):
    """Of structured guides too, whose densities depend on earlier draws."""
    guide()
    leaves = list(dict(pyro.get_param_store().named_parameters()).values())
    for seed in range(5):
        pyro.set_rng_seed(seed)
        for grad in torch.autograd.grad(elbo.differentiable_loss(model, guide), leaves):
            torch.testing.assert_close(grad, torch.zeros_like(grad), rtol=0, atol=1e-5)
    plain = Trace_ELBO().differentiable_loss(model, guide)
    assert any(grad.abs().max() > 0.01 for grad in torch.autograd.grad(plain, leaves)), "without, there is"


@pytest.mark.parametrize(("elbo", "model", "guide"), EXACT)
def test_the_loss_is_the_same(elbo, model, guide):
    losses = []
    for is_on in (True, False):
        other = type(elbo)(num_particles=elbo.num_particles, vectorize_particles=elbo.vectorize_particles,
                           stick_the_landing=is_on)
        guide()
        other.loss(model, guide)  # finds out the plates' dims
        pyro.set_rng_seed(1)
        losses.append(other.differentiable_loss(model, guide).item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.parametrize(("elbo", "model", "guide"), EXACT)
def test_runs_are_captured(elbo, model, guide):
    def elsewhere():
        # at the posterior gradients are rounding, of which Adam makes steps
        pyro.param("loc", torch.tensor(1.5) if guide is posterior else torch.ones(2))
        pyro.param("scale", torch.tensor(0.6) if guide is posterior else torch.full((2,), 0.6),
                   constraint=constraints.positive)
        if guide is posterior:
            pyro.param("slope", torch.tensor(0.2))
        guide()

    check_compiled_is_eager(model, elsewhere, elbo)
