"""The gradient is the weighted one of the definition, and covers the posterior's mass."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, TraceTailAdaptive_ELBO
from tests.infer.compiled_runs import check_compiled_is_eager


def model():
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(1.5))


def guide():
    loc, log_scale = pyro.param("loc", torch.tensor(0.1)), pyro.param("log_scale", torch.tensor(-0.3))
    pyro.sample("z", dist.Normal(loc, log_scale.exp()))


@pytest.mark.parametrize("beta", [-1.0, -0.5, 0.0])
@pytest.mark.parametrize("vectorize", [True, False])
def test_the_gradient_is_that_of_the_definition(beta, vectorize):
    guide()
    leaves = [pyro.param(name).unconstrained() for name in ("loc", "log_scale")]
    elbo = TraceTailAdaptive_ELBO(5, max_plate_nesting=0, vectorize_particles=vectorize, tail_adaptive_beta=beta)
    pyro.set_rng_seed(0)
    got = torch.autograd.grad(elbo.differentiable_loss(model, guide), leaves)
    pyro.set_rng_seed(0)
    noise = torch.stack([torch.randn(()) for _ in range(5)]) if not vectorize else torch.randn(5)
    z = leaves[0] + leaves[1].exp() * noise
    log_w = (dist.Normal(0.0, 1.0).log_prob(z) + dist.Normal(z, 1.0).log_prob(torch.tensor(1.5))
             - dist.Normal(leaves[0].detach(), leaves[1].exp().detach()).log_prob(z))
    ranks = torch.tensor([sum(float(other >= own) for other in log_w) / 5 for own in log_w])
    gamma = ranks**beta / (ranks**beta).sum()
    expected = torch.autograd.grad(-(gamma * log_w).sum(), leaves)
    for have, want in zip(got, expected, strict=True):
        torch.testing.assert_close(have, want, rtol=1e-4, atol=1e-5)


def test_it_fits():
    svi = SVI(model, guide, pyro.optim.Adam({"lr": 0.05}),
              TraceTailAdaptive_ELBO(10, max_plate_nesting=0, vectorize_particles=True))
    svi.run(300, progress_bar=False)
    assert pyro.param("loc").item() == pytest.approx(0.75, abs=0.1)
    assert pyro.param("log_scale").exp().item() == pytest.approx(0.5**0.5, abs=0.1)


def test_what_it_cannot_do():
    with pytest.raises(NotImplementedError, match="no loss"):
        TraceTailAdaptive_ELBO(2).loss(model, guide)
    with pytest.raises(NotImplementedError, match="expected num_particles >= 2"):
        TraceTailAdaptive_ELBO().loss_and_grads(model, guide)
    with pytest.raises(NotImplementedError, match="Site 'y'"):
        TraceTailAdaptive_ELBO(2).loss_and_grads(*[lambda: pyro.sample("y", dist.Bernoulli(0.5))] * 2)


def test_runs_are_captured():
    check_compiled_is_eager(model, guide, TraceTailAdaptive_ELBO(4, vectorize_particles=True))
