"""Annealed importance sampling guides: the estimate's expectation, and how they run."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine, settings
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide.dais import AutoDAIS, AutoSurrogateLikelihoodDAIS, Schedule, anneal
from pyro.infer.autoguide.initialization import init_to_value
from pyro.optim import Adam

DATA = torch.tensor([1.0, 0.5, 2.0, 1.5])


def model(rows=None):
    x = pyro.sample("x", dist.Normal(torch.zeros(2), 1.0).to_event(1))
    with pyro.plate("data", 4, subsample_size=rows) as index:
        pyro.sample("y", dist.Normal(x.sum(-1), 1.0), obs=DATA[index])


def surrogate(rows=None):
    weight = pyro.param("weight", torch.tensor(1.0), constraint=dist.constraints.positive)
    x = pyro.sample("x", dist.Normal(torch.zeros(2), 1.0).to_event(1))
    with poutine.scale(scale=weight):
        pyro.sample("y", dist.Normal(x.sum(-1), 0.5), obs=DATA.mean())


GUIDES = {
    "diagonal": lambda: AutoDAIS(model, K=2, eta_init=0.05, init_loc_fn=init_to_value(values={"x": torch.zeros(2)})),
    "cholesky": lambda: AutoDAIS(model, K=2, base_dist="cholesky", init_scale=0.5),
    "surrogate": lambda: AutoSurrogateLikelihoodDAIS(model, surrogate, K=2),
}
EVIDENCE = dist.MultivariateNormal(torch.zeros(4), torch.eye(4) + 2.0).log_prob(DATA)


@pytest.fixture(autouse=True)
def seed():
    pyro.set_rng_seed(0)


@pytest.mark.parametrize("schedule", [
    Schedule(torch.tensor([0.5, 1.0]), torch.tensor([0.2, 0.3]), torch.tensor(0.7), torch.tensor([1.0, 2.0])),
    Schedule(torch.tensor([0.1, 0.4, 1.0]), torch.tensor([0.5, 0.1, 0.2]), torch.tensor(0.2), torch.tensor([0.5, 1.0])),
])
def test_weights_are_unbiased(schedule):
    """The mean of ``p(z_K) / q(z_0)`` times the ratio is the integral of p."""
    start = dist.Normal(torch.zeros(2), 1.5).to_event(1)
    target = dist.Normal(torch.tensor([0.5, -0.5]), 1.0).to_event(1)
    z = start.sample((100_000,))
    noise = torch.randn(100_000, len(schedule.betas), 2)
    log_start, log_target = (lambda at: start.log_prob(at).sum()), (lambda at: target.log_prob(at).sum())
    with torch.no_grad():
        end, ratio = anneal(log_start, log_target, z, noise, schedule)
    weights = (target.log_prob(end) - start.log_prob(z) + ratio).exp()
    assert abs(weights.mean() - 1.0) < 5 * weights.std() / 100_000**0.5


@pytest.mark.parametrize("name", GUIDES)
def test_loss_is_a_bound_of_the_evidence(name):
    guide = GUIDES[name]()
    elbo = Trace_ELBO(num_particles=500, vectorize_particles=True, max_plate_nesting=1)
    svi = SVI(model, guide, Adam({"lr": 0.02}), Trace_ELBO())
    before = elbo.loss(model, guide)
    result = svi.run(400, progress_bar=False)
    assert result.parts[-1].how != "eager"
    after = elbo.loss(model, guide)
    assert -EVIDENCE - 0.1 < after < before


def test_steps_beat_their_start():
    """A posterior that is correlated, from a normal distribution without correlations."""
    guide = AutoDAIS(model, K=4, eta_init=0.05, eta_max=0.3)
    SVI(model, guide, Adam({"lr": 0.02}), Trace_ELBO()).run(600, progress_bar=False)
    loss = Trace_ELBO(num_particles=2000, vectorize_particles=True, max_plate_nesting=1).loss(model, guide)
    # the best that a normal distribution without correlations can do
    precision = torch.eye(2) + 4.0
    gap = 0.5 * (precision.diagonal().log().sum() - precision.logdet())
    assert loss < -EVIDENCE + gap - 0.1


@pytest.mark.parametrize("name", GUIDES)
def test_compiled_steps_are_the_eager_ones(name):
    losses = []
    for is_compiled in (True, False):
        pyro.clear_param_store()
        pyro.set_rng_seed(1)
        svi = SVI(model, GUIDES[name](), Adam({"lr": 0.05}), Trace_ELBO())
        with settings.context(eager_random_numbers=True):
            if is_compiled:
                losses.append(svi.run(6, progress_bar=False).losses)
            else:
                losses.append(torch.tensor([svi.step() for _ in range(6)], dtype=torch.float64))
    torch.testing.assert_close(*losses, rtol=1e-4, atol=1e-4)


def test_surrogate_parameters_are_learned():
    guide = GUIDES["surrogate"]()
    svi = SVI(model, guide, Adam({"lr": 0.05}), Trace_ELBO())
    for _ in range(3):
        svi.step(2)  # the model may draw rows of its data
    assert pyro.param("weight") != 1.0


@pytest.mark.parametrize("arguments, message", [
    ({"K": 0}, "K >= 1"), ({"eta_init": 0.5}, "eta_init < eta_max"), ({"gamma_init": 1.0}, "gamma_init"),
    ({"base_dist": "spherical"}, "base_dist"), ({"init_scale": -1.0}, "init_scale"),
])
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        AutoDAIS(model, **arguments)


def test_plates_that_draw_latent_rows_are_refused():
    def local():
        with pyro.plate("data", 4, subsample_size=2):
            pyro.sample("x", dist.Normal(0.0, 1.0))

    with pytest.raises(NotImplementedError, match="Plate 'data'"):
        AutoDAIS(local)()
    with pytest.raises(NotImplementedError, match="closed form"):
        AutoDAIS(model).get_posterior()
