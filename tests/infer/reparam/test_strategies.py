import pytest
import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.transforms import AffineTransform, ExpTransform
from pyro.infer.reparam import AutoReparam, LocScaleReparam, MinimalReparam
from pyro.infer.reparam.strategies import Strategy

STABLE = dist.Stable(1.5, torch.zeros(2)).to_event(1)
SKEWED = dist.Stable(1.5, tensor([0.0, 0.1])).to_event(1)
DIRECTION = dist.ProjectedNormal(torch.zeros(3))

MINIMAL = [
    (dist.Normal(0.0, 1.0), ["x"], []),
    (dist.LogNormal(0.0, 1.0), ["x"], []),
    (dist.StudentT(3.0), ["x"], []),
    (dist.StableWithLogProb(1.5, 0.0), ["x"], []),
    (STABLE, ["x_uniform", "x_exponential"], ["x_uniform", "x_exponential"]),
    (SKEWED, ["x_uniform", "x_exponential"],
     ["x_z_uniform", "x_z_exponential", "x_t_uniform", "x_t_exponential"]),
    (DIRECTION, ["x_normal"], []),
]
AUTO = [
    (dist.Normal(0.0, 1.0), ["x_decentered"]),
    (dist.StudentT(3.0, torch.zeros(2)).to_event(1), ["x_decentered"]),
    (dist.AsymmetricLaplace(0.0, 1.0, 2.0), ["x_decentered"]),
    (dist.LogNormal(0.0, 1.0), ["x_base_decentered"]),
    (dist.AffineBeta(2.0, 2.0, 0.0, 1.0), ["x_base"]),
    (dist.TransformedDistribution(dist.Gamma(1.0, 1.0), [AffineTransform(0.0, 2.0)]), ["x_base"]),
    (dist.TransformedDistribution(dist.Normal(torch.zeros(2), 1.0).to_event(1), [ExpTransform()]),
     ["x_base_decentered"]),
    (STABLE, ["x_decentered_uniform", "x_decentered_exponential"]),
    (dist.StableWithLogProb(1.5, 0.0), ["x_decentered"]),
    (DIRECTION, ["x_normal_decentered"]),
    (dist.RelaxedOneHotCategorical(tensor(0.5), torch.ones(3)), ["x_uniform"]),
    (dist.Gamma(1.0, 1.0), ["x"]), (dist.HalfNormal(1.0), ["x"]), (dist.VonMises(0.0, 1.0), ["x"]),
    (dist.Bernoulli(0.5), ["x"]), (dist.MultivariateNormal(torch.zeros(2), torch.eye(2)), ["x"]),
    (dist.Normal(0.0, 1.0).mask(False), ["x"]),
]


@pytest.fixture(autouse=True)
def store():
    pyro.clear_param_store()


def latent(strategy, fn, obs=None):
    return poutine.trace(strategy(lambda: pyro.sample("x", fn, obs=obs))).get_trace().stochastic_nodes


@pytest.mark.parametrize(("fn", "sites", "sites_of_data"), MINIMAL)
@pytest.mark.parametrize("strategy", [MinimalReparam, AutoReparam])
def test_what_inference_cannot_do_without(strategy, fn, sites, sites_of_data):
    if strategy is MinimalReparam:
        assert latent(strategy(), fn) == sites
    assert latent(strategy(), fn, fn.sample()) == sites_of_data


@pytest.mark.parametrize(("fn", "sites"), AUTO)
@pytest.mark.parametrize("centered", [None, 0.3])
def test_what_is_useful(fn, sites, centered):
    assert latent(AutoReparam(centered=centered), fn) == sites


def test_centred_is_not_decentred():
    assert latent(AutoReparam(centered=1.0), STABLE) == ["x_uniform", "x_exponential"]


def test_a_site_is_decided_upon_once():
    asked = []

    class Once(Strategy):
        def configure(self, msg):
            asked.append(msg["name"])
            return LocScaleReparam(0.0) if msg["name"] == "x" else None

    strategy = Once()
    model = strategy(lambda scale: pyro.sample("x", dist.Normal(0.0, scale)))
    for scale in (1.0, 2.0):
        assert poutine.trace(model).get_trace(scale).stochastic_nodes == ["x_decentered"]
    assert asked == ["x", "x_decentered"]
    assert isinstance(strategy.config["x"], LocScaleReparam) and strategy.config["x_decentered"] is None
    assert latent(lambda model: poutine.reparam(model, config=strategy), dist.Normal(0.0, 1.0)) == ["x_decentered"]


def test_what_is_no_model_is_refused():
    with pytest.raises(ValueError, match="3 is not callable"):
        AutoReparam()(3)


def test_a_strategy_must_decide():
    with pytest.raises(TypeError, match="abstract"):
        Strategy()
