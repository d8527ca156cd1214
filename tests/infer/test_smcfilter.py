import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer.smcfilter import SMCFailed, SMCFilter, SMCState, _systematic_sample


class Walk:
    """A random walk that is seen through noise."""

    def init(self, state):
        state["z"] = pyro.sample("z", dist.Normal(0.0, 1.0))

    def step(self, state, y):
        state["z"] = pyro.sample("next", dist.Normal(state["z"], 1.0))
        pyro.sample("y", dist.Normal(state["z"], 1.0), obs=y)


class Prior:
    def init(self, state):
        pyro.sample("z", dist.Normal(0.0, 1.0))

    def step(self, state, y):
        pyro.sample("next", dist.Normal(state["z"], 1.0))


class Informed(Prior):
    def step(self, state, y):
        pyro.sample("next", dist.Normal((state["z"] + y) / 2, 0.5**0.5))


@pytest.mark.parametrize("guide", [Prior, Informed])
@pytest.mark.parametrize("ess_threshold", [0.5, 1.0])
def test_filter_agrees_with_kalman(guide, ess_threshold):
    pyro.set_rng_seed(0)
    ys = torch.tensor([1.0, 2.0, 0.5, 3.0, 2.5])
    smc = SMCFilter(Walk(), guide(), num_particles=5000, max_plate_nesting=0, ess_threshold=ess_threshold)
    smc.init()
    loc, var = 0.0, 1.0
    for y in ys:
        smc.step(y)
        gain = (var + 1) / (var + 2)
        loc, var = loc + gain * (y.item() - loc), gain
    marginal = smc.get_empirical()["z"]
    # resampling about halves the number of particles that count
    assert abs(marginal.mean.item() - loc) < 5 * (var / 2500) ** 0.5
    assert abs(marginal.variance.item() - var) < 5 * var * (2 / 2500) ** 0.5


def test_systematic_sample_has_the_expected_counts():
    probs = torch.tensor([0.5, 0.25, 0.125, 0.125])
    assert torch.bincount(_systematic_sample(probs), minlength=4)[:2].tolist() == [2, 1]
    assert torch.equal(_systematic_sample(torch.full((8,), 0.125)), torch.arange(8))


def test_no_particle_is_left():
    smc = SMCFilter(Walk(), Prior(), num_particles=10, max_plate_nesting=0)
    with pytest.raises(AttributeError, match="Call init"):
        smc.step(torch.tensor(0.0))
    smc.init()
    with pytest.raises(SMCFailed, match="after site y"):
        smc.step(torch.tensor(1e30))


def test_threshold():
    with pytest.raises(AssertionError, match="ess_threshold"):
        SMCFilter(Walk(), Prior(), 10, 0, ess_threshold=2.0)


@pytest.mark.parametrize("value, error", [(torch.ones(4), ValueError), (torch.ones(()), ValueError), (3, TypeError)])
def test_state_holds_tensors_of_particles(value, error):
    with pytest.raises(error, match="'a'"):
        SMCState(3)["a"] = value


def test_the_guide_cannot_write():
    with pytest.raises(RuntimeError, match="Guide cannot write"):
        SMCFilter(Walk(), Walk(), 10, 0).init()
    with pytest.raises(AssertionError, match="positive number"):
        SMCState(0)
