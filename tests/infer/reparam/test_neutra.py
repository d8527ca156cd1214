import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.autoguide import AutoDiagonalNormal, AutoIAFNormal, AutoMultivariateNormal, AutoNormal
from pyro.infer.reparam import NeuTraReparam


@pytest.fixture(autouse=True)
def store():
    pyro.clear_param_store()
    pyro.set_rng_seed(0)


def model():
    with pyro.plate("rows", 3):
        b = pyro.sample("b", dist.LogNormal(0.5, 1.0))
    a = pyro.sample("a", dist.Normal(b.sum(), 1.0))
    pyro.sample("y", dist.Normal(a, 1.0), obs=torch.tensor(2.0))


@pytest.mark.parametrize("make", [AutoDiagonalNormal, AutoMultivariateNormal, AutoIAFNormal])
def test_the_density_is_that_of_the_coordinates(make):
    guide = make(model)
    guide()
    neutra = NeuTraReparam(guide)
    reparametrised = neutra.reparam(model)
    trace = poutine.trace(reparametrised).get_trace()
    assert set(trace.stochastic_nodes) == {"rows", "b_shared_latent"}
    z = trace.nodes["b_shared_latent"]["value"].detach()
    assert z.shape == (4,)

    def flat(z):
        values = neutra.transform_sample(z)
        return torch.cat([values["b"].reshape(-1), values["a"].reshape(-1)])

    values = neutra.transform_sample(z)
    for name in ("a", "b"):
        torch.testing.assert_close(values[name], trace.nodes[name]["value"])
    log_joint = poutine.trace(poutine.condition(model, data=values)).get_trace().log_prob_sum()
    stretch = torch.autograd.functional.jacobian(flat, z).det().abs().log()
    torch.testing.assert_close(trace.log_prob_sum(), log_joint + stretch, rtol=1e-4, atol=1e-4)


def test_each_run_has_values_of_its_own():
    guide = AutoDiagonalNormal(model)
    guide()
    reparametrised = NeuTraReparam(guide).reparam(model)
    first, second = (poutine.trace(reparametrised).get_trace().nodes["a"]["value"] for _ in range(2))
    assert first != second


def test_other_sites_are_left_alone():
    guide = AutoDiagonalNormal(model)
    guide()
    neutra = NeuTraReparam(guide)
    trace = poutine.trace(poutine.reparam(lambda: pyro.sample("other", dist.Normal(0.0, 1.0)),
                                          config={"other": neutra})).get_trace()
    assert trace.stochastic_nodes == ["other"]


@pytest.mark.parametrize("guide", [AutoNormal(model), 3])
def test_other_guides_are_refused(guide):
    with pytest.raises(TypeError, match="NeuTraReparam expected an AutoContinuous guide, but got"):
        NeuTraReparam(guide)
