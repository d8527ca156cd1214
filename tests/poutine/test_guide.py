"""Guides that are handlers: what they see, and what the handlers around them see."""

import copy
import pickle

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.delta import Delta
from pyro.infer import SVI, Trace_ELBO
from pyro.poutine.guide import GuideMessenger

DATA = torch.tensor([1.0, -1.0, 2.0])


def model(rows=None):
    x = pyro.sample("x", dist.Normal(0.0, 1.0))
    with pyro.plate("data", 3, subsample_size=rows) as index:
        y = pyro.sample("y", dist.Normal(x, 2.0))
        pyro.deterministic("twice", 2 * y, event_dim=0)
        return pyro.sample("z", dist.Normal(y, 1.0), obs=DATA[index])


class Halves(GuideMessenger):
    """Normal distributions whose means follow the sites before, seen through the prior."""

    def get_posterior(self, name, prior):
        return dist.Normal(0.5 * prior.mean, 0.5) if name == "y" else dist.Normal(0.3, 0.2)


class Point(GuideMessenger):
    def get_posterior(self, name, prior):
        assert self.upstream_value("nothing") is None
        return torch.tensor(0.5) if name == "x" else self.upstream_value("x") + prior.mean


@pytest.fixture(autouse=True)
def seed():
    pyro.set_rng_seed(0)


def test_handlers_around_see_latent_sites_and_plates_alone():
    trace = poutine.trace(Halves(model)).get_trace()
    assert [name for name, site in trace.nodes.items() if site["type"] == "sample"] == ["x", "data", "y"]
    assert not trace.nodes["y"]["is_observed"]


def test_a_call_returns_all_sites():
    values = Halves(model)()
    assert sorted(values) == ["twice", "x", "y", "z"]
    assert torch.equal(values["twice"], 2 * values["y"]) and torch.equal(values["z"], DATA)


@pytest.mark.parametrize("rows", [None, 2])
@pytest.mark.parametrize("particles", [None, 4])
def test_traces_are_those_of_a_guide_and_its_replayed_model(rows, particles):
    guide = Halves(model)

    def vectorised(fn):
        def run(*args):
            with pyro.plate("particles", 4, dim=-2):
                return fn(*args)
        return fn if particles is None else run

    outside = poutine.trace(vectorised(guide)).get_trace(rows)
    replayed = poutine.trace(poutine.replay(vectorised(model), trace=outside)).get_trace(rows)
    model_trace, guide_trace = guide.get_traces()
    for ours, theirs in ((model_trace, replayed), (guide_trace, outside)):
        theirs = poutine.util.prune_subsample_sites(theirs)
        names = [name for name, site in theirs.nodes.items() if site["type"] == "sample"]
        assert list(ours.nodes) == names
        for name in names:
            assert ours.nodes[name]["fn"].batch_shape == theirs.nodes[name]["fn"].batch_shape
        torch.testing.assert_close(ours.log_prob_sum(), theirs.log_prob_sum())


def test_scales_and_masks_around_the_guide_reach_the_model_trace():
    guide = Halves(model)
    with poutine.scale(scale=3.0), poutine.mask(mask=torch.tensor([True, False, True])):
        guide()
    site = guide.get_traces()[0].nodes["z"]
    assert site["scale"] == 3.0 and site["mask"].tolist() == [True, False, True]


def test_tensors_are_point_masses():
    guide = Point(model)
    values = guide()
    assert torch.equal(values["y"], torch.ones(3))
    assert isinstance(guide.trace.nodes["x"]["fn"], Delta)


def test_get_posterior_must_be_defined():
    with pytest.raises(TypeError, match="get_posterior"):
        GuideMessenger(model)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda guide: pickle.loads(pickle.dumps(guide))])
def test_copies_leave_the_last_run_behind(copied):
    guide = Halves(model)
    guide()
    other = copied(guide)
    assert not other.trace.nodes and guide.trace.nodes
    assert sorted(other()) == ["twice", "x", "y", "z"]


def test_elbo_of_the_exact_posterior_is_the_evidence():
    def conjugate():
        x = pyro.sample("x", dist.Normal(0.0, 1.0))
        pyro.sample("z", dist.Normal(x, 1.0), obs=torch.tensor(2.0))

    class Exact(GuideMessenger):
        def get_posterior(self, name, prior):
            return dist.Normal(1.0, 0.5**0.5)

    svi = SVI(conjugate, Exact(conjugate), pyro.optim.Adam({"lr": 0.01}), Trace_ELBO())
    evidence = dist.Normal(0.0, 2.0**0.5).log_prob(torch.tensor(2.0)).item()
    assert svi.evaluate_loss() == pytest.approx(-evidence, rel=1e-5)
