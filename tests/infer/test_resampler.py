import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer.resampler import Resampler


def wide():
    pyro.sample("z", dist.Normal(0.0, 2.0))


def simulator():
    z = pyro.sample("z", dist.Normal(0.0, 2.0))
    with pyro.plate("rows", 3):
        pyro.sample("x", dist.Normal(z, 0.1))


def narrow(loc=1.0):
    pyro.sample("z", dist.Normal(loc, 0.5))


@pytest.mark.parametrize("stable", [True, False])
def test_draws_are_the_models(stable):
    pyro.set_rng_seed(0)
    z = Resampler(wide, num_guide_samples=4000).sample(narrow, 1000, stable=stable)["z"]
    # 1000 draws from about 4000 * 0.4 different ones: at most 1.3 times the deviation of independent draws
    assert (z.mean() - 1).abs() < 5 * 1.3 * 0.5 / 1000**0.5
    assert (z.std() - 0.5).abs() < 5 * 1.3 * 0.5 / 2000**0.5


def test_the_same_model_gets_the_same_draws_and_a_similar_one_most():
    pyro.set_rng_seed(0)
    resampler = Resampler(wide, num_guide_samples=1000)
    first, again = (resampler.sample(narrow, 200)["z"] for _ in range(2))
    similar = resampler.sample(lambda: narrow(1.01), 200)["z"]
    assert torch.equal(first, again)
    assert 0.8 < (first == similar).float().mean() < 1
    assert torch.equal(resampler.sample(narrow, 300)["z"][:200], first)


def test_the_simulators_sites_come_along():
    draws = Resampler(wide, simulator, num_guide_samples=500).sample(narrow, 100)
    assert {name: tuple(value.shape) for name, value in draws.items()} == {"z": (100, 1), "x": (100, 3)}
    assert (draws["x"] - draws["z"]).abs().max() < 0.6  # 6 deviations
