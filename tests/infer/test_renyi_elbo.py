"""Gradients against exhaustive enumeration of all particles' values, and against quadrature."""

import itertools
import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import RenyiELBO
from tests.infer.compiled_runs import check_compiled_is_eager
from tests.infer.problems import ScoreNormal

ALPHAS = [0.0, 0.5, 2.0, -1.0]
LIKELIHOOD = torch.tensor([1.0, -2.0])


def coin_model():
    prior = torch.sigmoid(pyro.param("prior", torch.tensor(-0.5)))
    with pyro.plate("rows", 2):
        y = pyro.sample("y", dist.Bernoulli(prior))
        pyro.sample("x", dist.Normal(y, 1.0), obs=LIKELIHOOD)


def coin_guide():
    with pyro.plate("rows", 2):
        pyro.sample("y", dist.Bernoulli(logits=pyro.param("logits", torch.tensor([0.3, -0.4]))))


def enumerated(alpha, num_particles):
    """The exact mean of minus the bound."""
    p, q = dist.Bernoulli(torch.sigmoid(pyro.param("prior"))), dist.Bernoulli(logits=pyro.param("logits"))
    outcomes = []
    for values in itertools.product((0.0, 1.0), repeat=2):
        y = torch.tensor(values)
        log_q = q.log_prob(y).sum()
        outcomes.append((log_q, p.log_prob(y).sum() + dist.Normal(y, 1.0).log_prob(LIKELIHOOD).sum() - log_q))
    total = torch.zeros(())
    for particles in itertools.product(outcomes, repeat=num_particles):
        log_q, log_weights = (torch.stack(column) for column in zip(*particles, strict=True))
        bound = ((1 - alpha) * log_weights).logsumexp(0) - math.log(num_particles)
        total = total - log_q.sum().exp() * bound / (1 - alpha)
    return total


def start(*programs):
    """Creates the parameters."""
    for program in programs:
        poutine.trace(program).get_trace()


def check_mean(elbo, model, guide, expected, leaves, repeats):
    """Loss and gradients are within five standard errors of what is expected."""
    rows = []
    for _ in range(repeats):
        loss = elbo.differentiable_loss(model, guide)
        rows.append(torch.cat([part.detach().reshape(-1) for part in (loss, *torch.autograd.grad(loss, leaves))]))
    rows = torch.stack(rows)
    error = rows.std(0) / repeats**0.5
    assert ((rows.mean(0) - expected).abs() <= 5 * error + 1e-4).all(), (rows.mean(0), expected, error)


@pytest.mark.parametrize(("alpha", "num_particles", "vectorize"),
                         [*((alpha, 3, True) for alpha in ALPHAS), (0.5, 2, False)])
def test_gradients_are_those_of_the_enumerated_bound(alpha, num_particles, vectorize):
    start(coin_model, coin_guide)
    leaves = [pyro.param(name).unconstrained() for name in ("prior", "logits")]
    exact = enumerated(alpha, num_particles)
    expected = torch.cat([part.detach().reshape(-1) for part in (exact, *torch.autograd.grad(exact, leaves))])
    elbo = RenyiELBO(alpha, num_particles, max_plate_nesting=1, vectorize_particles=vectorize)
    check_mean(elbo, coin_model, coin_guide, expected, leaves, 150)


NODES = torch.linspace(-5.0, 5.0, 141)


def normal_model():
    z = pyro.sample("z", dist.Normal(pyro.param("mean", torch.tensor(0.3)), 1.0))
    pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(1.5))


def normal_guide(family=dist.Normal):
    pyro.sample("z", family(pyro.param("loc", torch.tensor(0.1)), pyro.param("log_scale", torch.tensor(-0.1)).exp()))


def two_particle_loss(alpha):
    """The exact loss of two particles, by quadrature."""
    q = dist.Normal(pyro.param("loc"), pyro.param("log_scale").exp())
    z = q.loc + q.scale * NODES
    log_w = (dist.Normal(pyro.param("mean"), 1.0).log_prob(z) + dist.Normal(z, 1.0).log_prob(torch.tensor(1.5))
             - q.log_prob(z))
    mass = dist.Normal(0.0, 1.0).log_prob(NODES).exp() * (NODES[1] - NODES[0])
    bound = torch.logaddexp((1 - alpha) * log_w, (1 - alpha) * log_w.unsqueeze(-1)) - math.log(2)
    return -(mass * mass.unsqueeze(-1) * bound).sum() / (1 - alpha)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("way", ["pathwise", "stick the landing", "score function"])
def test_gradients_of_continuous_sites(alpha, way):
    """Sticking to the landing changes the weights of the paths, of which the model's parameters have none."""
    def guide():
        normal_guide(ScoreNormal if way == "score function" else dist.Normal)

    start(normal_model, guide)
    leaves = [pyro.param(name).unconstrained() for name in ("mean", "loc", "log_scale")]
    exact = two_particle_loss(alpha)
    expected = torch.stack([exact.detach(), *torch.autograd.grad(exact, leaves)])
    elbo = RenyiELBO(alpha, 2, max_plate_nesting=0, vectorize_particles=True,
                     stick_the_landing=way == "stick the landing")
    check_mean(elbo, normal_model, guide, expected, leaves, 150)


def test_order_one_is_the_elbo():
    with pytest.raises(ValueError, match="Use Trace_ELBO"):
        RenyiELBO(alpha=1)


@pytest.mark.filterwarnings("ignore:Found vars in model but not guide")
@pytest.mark.parametrize(("guide", "match"), [(coin_guide, "Site 'y': this estimator needs guides"),
                                              (lambda: None, "Site 'y': the guide leaves it to the prior")])
def test_what_cannot_stick_to_the_landing(guide, match):
    with pytest.raises(NotImplementedError, match=match):
        RenyiELBO(stick_the_landing=True).differentiable_loss(coin_model, guide)


@pytest.mark.parametrize("elbo", [RenyiELBO(0.5, 3, vectorize_particles=True), RenyiELBO(0, 2)])
@pytest.mark.parametrize(("model", "guide"), [(coin_model, coin_guide), (normal_model, normal_guide)])
def test_runs_are_captured(elbo, model, guide):
    check_compiled_is_eager(model, guide, elbo)


def test_losses_agree():
    for elbo in (RenyiELBO(), RenyiELBO(vectorize_particles=True, max_plate_nesting=1)):
        losses = []
        for estimate in (elbo.loss, elbo.loss_and_grads, lambda *programs: elbo(*programs)().item()):  # noqa: B023
            pyro.set_rng_seed(2)
            losses.append(estimate(coin_model, coin_guide))
        assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)
