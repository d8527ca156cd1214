"""The guide learns the posterior of any data, and serves importance sampling."""

import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import CSIS, Importance
from pyro.optim import Adam

DATA = {"x": torch.tensor(0.0)}


def model(mean, observations=DATA):
    z = pyro.sample("z", dist.Normal(mean, 1.0))
    pyro.sample("x", dist.Normal(z, 1.0), obs=observations["x"])


def guide(mean, observations=DATA):
    slope, log_scale = pyro.param("slope", torch.tensor(0.0)), pyro.param("log_scale", torch.tensor(0.0))
    pyro.sample("z", dist.Normal(mean + slope * (observations["x"] - mean), log_scale.exp()))


def test_it_learns_the_posterior():
    mean = torch.tensor(1.0)
    csis = CSIS(model, guide, Adam({"lr": 0.05}), num_inference_samples=50)
    assert isinstance(csis, Importance) and csis.validation_batch is None
    before = csis.validation_loss(mean)
    assert len(csis.validation_batch) == 20
    for _ in range(120):
        csis.step(mean)
    assert csis.validation_loss(mean) < before
    assert pyro.param("slope").item() == pytest.approx(0.5, abs=0.15)
    assert pyro.param("log_scale").exp().item() == pytest.approx(0.5**0.5, abs=0.15)
    evidence = csis.run(mean, observations={"x": torch.tensor(3.0)}).get_log_normalizer()
    assert evidence.item() == pytest.approx(-0.5 * (math.log(4 * math.pi) + 2.0), abs=0.1)


def test_gradients_are_those_of_the_draws():
    mean = torch.tensor(0.0)
    csis = CSIS(model, guide, Adam({"lr": 0.05}), training_batch_size=3)
    guide(mean)
    csis.set_validation_batch(mean)
    leaf = pyro.param("slope").unconstrained()
    loss = csis.loss_and_grads(False, csis.validation_batch, mean)
    assert leaf.grad is None
    assert csis.loss_and_grads(True, csis.validation_batch, mean) == pytest.approx(loss)
    z, x = (torch.stack([run.nodes[name]["value"] for run in csis.validation_batch]) for name in "zx")
    assert loss == pytest.approx(-dist.Normal(0.0, 1.0).log_prob(z).mean().item(), rel=1e-5)
    assert leaf.grad.item() == pytest.approx(-(x * z).mean().item(), rel=1e-4)
