import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.transforms import ExpTransform
from pyro.infer.reparam import LocScaleReparam, TransformReparam


def traced(fn, config, obs=None):
    return poutine.trace(poutine.reparam(lambda: pyro.sample("x", fn, obs=obs), config=config)).get_trace()


def test_the_base_can_be_reparametrised_further():
    trace = traced(dist.LogNormal(1.0, 2.0), {"x": TransformReparam(), "x_base": LocScaleReparam(0.0)})
    assert trace.stochastic_nodes == ["x_base_decentered"]
    z = trace.nodes["x_base_decentered"]["value"]
    torch.testing.assert_close(trace.nodes["x"]["value"], (1 + 2 * z).exp())


def test_masks_cover_the_density_of_data():
    mask = torch.tensor([True, False])
    fn, data = dist.LogNormal(torch.zeros(2), 1.0), torch.tensor([2.0, 3.0])
    trace = traced(fn.mask(mask).to_event(1), {"x": TransformReparam()}, obs=data)
    torch.testing.assert_close(trace.log_prob_sum(), fn.log_prob(data)[0])


def test_several_transforms():
    fn = dist.TransformedDistribution(dist.Normal(0.0, 1.0), [ExpTransform(), ExpTransform()])
    trace = traced(fn, {"x": TransformReparam()})
    torch.testing.assert_close(trace.nodes["x"]["value"], trace.nodes["x_base"]["value"].exp().exp())


def test_other_distributions_are_refused():
    with pytest.raises(AssertionError, match="Site 'x': .* expects a TransformedDistribution, got Normal"):
        traced(dist.Normal(0.0, 1.0), {"x": TransformReparam()})
