"""The loss is the likelihood's and the kernel's distance, and its minimum is the prior where there are no data."""

import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Trace_MMD
from tests.infer.compiled_runs import check_compiled_is_eager


class Gaussian(torch.nn.Module):
    """The kernel ``exp(-(x - y)^2)``, times a parameter."""

    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(1.0))

    def forward(self, x, y=None):
        y = x if y is None else y
        return self.factor * torch.exp(-(x.unsqueeze(1) - y).square().sum(-1))


def model():
    with pyro.plate("rows", 3):
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.zeros(3))


def guide():
    with pyro.plate("rows", 3):
        pyro.sample("z", dist.Normal(pyro.param("loc", torch.ones(3)), 0.5))


def prior():
    pyro.sample("z", dist.Normal(0.0, 1.0))


def shifted():
    loc, log_scale = pyro.param("loc", torch.tensor(2.0)), pyro.param("log_scale", torch.tensor(-1.0))
    pyro.sample("z", dist.Normal(loc, log_scale.exp()))


@pytest.mark.parametrize("vectorize", [True, False])
def test_the_mean_of_the_distance(vectorize):
    """Of normal draws, whose kernels have means in closed form; a draw has the kernel 1 with itself."""
    num_particles = 4
    elbo = Trace_MMD(Gaussian(), 3.0, num_particles, max_plate_nesting=0, vectorize_particles=vectorize)
    losses = torch.tensor([elbo.loss(prior, shifted) for _ in range(300)])

    def mean_kernel(shift, variance):  # of exp(-d^2) for a d ~ N(shift, variance)
        return math.exp(-shift**2 / (1 + 2 * variance)) / math.sqrt(1 + 2 * variance)

    scale = math.exp(-1.0)
    among = [(1 + (num_particles - 1) * mean_kernel(0.0, 2 * variance)) / num_particles for variance in (1.0, scale**2)]
    expected = 3.0 * (sum(among) - 2 * mean_kernel(2.0, 1 + scale**2))
    assert abs(losses.mean() - expected) <= 5 * losses.std() / 300**0.5


def test_the_likelihood_is_the_guides():
    loss = Trace_MMD(Gaussian(), mmd_scale=0.0, num_particles=3000).loss(model, guide)
    assert loss == pytest.approx(3 * 0.5 * (math.log(2 * math.pi) + 1.0 + 0.25), rel=0.05)


def test_options_by_site():
    for kernel, scale in ((Gaussian(), {"z": 0.0}), ({"z": Gaussian()}, 0.0)):
        assert Trace_MMD(kernel, scale).loss(prior, shifted) == 0.0
    with pytest.raises(KeyError, match="Site 'z': Trace_MMD has no mmd_scale"):
        Trace_MMD(Gaussian(), {"y": 1.0}).loss(prior, shifted)
    kernel = Gaussian()
    assert Trace_MMD(kernel).kernel is kernel and not kernel.factor.requires_grad


def test_discrete_sites_are_refused():
    def coin():
        pyro.sample("y", dist.Bernoulli(0.5))

    with pytest.raises(NotImplementedError, match="Site 'y'"):
        Trace_MMD(Gaussian()).loss(coin, coin)


def test_it_fits():
    svi = SVI(prior, shifted, pyro.optim.Adam({"lr": 0.05}), Trace_MMD(Gaussian(), num_particles=30))
    svi.run(300, progress_bar=False)
    assert pyro.param("loc").item() == pytest.approx(0.0, abs=0.25)


def test_runs_are_captured():
    for elbo in (Trace_MMD(Gaussian()), Trace_MMD(Gaussian(), num_particles=2, vectorize_particles=False)):
        check_compiled_is_eager(model, guide, elbo)
