"""The distance has the mean that it has in closed form, and fits models without densities."""

import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, EnergyDistance
from pyro.infer.elbo import ELBOModule
from tests.infer.compiled_runs import check_compiled_is_eager

DATA = torch.tensor([0.5, -1.0, 2.0])


def model():
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("rows", 3):
        pyro.sample("x", dist.Normal(z, 1.0), obs=DATA)


def guide():
    pyro.sample("z", dist.Normal(pyro.param("loc", torch.tensor(1.0)), 0.1))


def single():
    pyro.sample("z", dist.Normal(0.0, 1.0))
    pyro.sample("x", dist.Normal(0.0, 1.0), obs=torch.tensor(0.0))


def single_guide():
    pyro.sample("z", dist.Normal(pyro.param("loc", torch.tensor(0.5)), 1.0))


def absolute_moment(beta, variance):
    """``E|X|^beta`` of a normal variable of mean 0."""
    return (2 * variance) ** (beta / 2) * math.gamma((beta + 1) / 2) / math.sqrt(math.pi)


@pytest.mark.parametrize(("beta", "scale"), [(1.0, 1.0), (0.5, 1.0), (1.5, 4.0)])
def test_the_mean_of_the_distance(beta, scale):
    elbo = EnergyDistance(beta, num_particles=50, max_plate_nesting=0)
    losses = torch.tensor([elbo.loss(poutine.scale(single, scale), single_guide) for _ in range(100)])
    expected = scale ** (beta / 2) * (absolute_moment(beta, 1.0) - 0.5 * absolute_moment(beta, 2.0))
    assert abs(losses.mean() - expected) <= 5 * losses.std() / 10 + 1e-3


def test_the_priors_share():
    pyro.set_rng_seed(0)
    without = EnergyDistance(num_particles=500).loss(single, single_guide)
    pyro.set_rng_seed(0)
    total = EnergyDistance(prior_scale=2.0, num_particles=500).loss(single, single_guide)
    assert total - without == pytest.approx(2.0 * 0.5 * (math.log(2 * math.pi) + 1.25), rel=0.1)


def test_masked_data_do_not_count():
    mask = torch.tensor([True, False, True])

    def losses(data):
        def masked():
            with pyro.plate("rows", 3), poutine.mask(mask=mask):
                pyro.sample("x", dist.Normal(0.0, 1.0), obs=data)

        pyro.set_rng_seed(0)
        return EnergyDistance().loss(masked, lambda: None)

    assert losses(DATA) == losses(torch.tensor([0.5, math.nan, 2.0]))


@pytest.mark.parametrize("options", [{"beta": 0.0}, {"beta": 2.0}, {"prior_scale": -1.0}, {"num_particles": 1}])
def test_bad_options(options):
    with pytest.raises(ValueError, match=f"expected {next(iter(options))}"):
        EnergyDistance(**options)


def counts():
    pyro.sample("x", dist.Poisson(1.0), obs=torch.tensor(1.0))


@pytest.mark.parametrize(("model", "error", "match"), [
    (counts, NotImplementedError, "Site 'x': EnergyDistance needs values that carry gradients, and Poisson"),
    (lambda: None, ValueError, "the model observes no site")])
def test_models_that_do_not_fit(model, error, match):
    with pytest.raises(error, match=match):
        EnergyDistance().loss(model, lambda: None)


def test_it_fits_a_model_without_a_density():
    def stable():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("rows", 3):
            pyro.sample("x", dist.Stable(1.8, 0.0, 0.1, z), obs=torch.full((3,), 2.0))

    svi = SVI(stable, guide, pyro.optim.Adam({"lr": 0.05}), EnergyDistance(num_particles=8))
    for _ in range(60):
        svi.step()
    assert pyro.param("loc").item() == pytest.approx(2.0, abs=0.3)


def test_it_is_called_as_a_loss():
    pyro.set_rng_seed(0)
    loss = EnergyDistance()(model, guide)
    pyro.set_rng_seed(0)
    assert ELBOModule(model, guide, EnergyDistance())().item() == loss.item() and loss.requires_grad


def test_runs_are_captured():
    check_compiled_is_eager(model, guide, EnergyDistance(prior_scale=0.5, num_particles=3))
