import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.reparam import ProjectedNormalReparam

FN = dist.ProjectedNormal(torch.zeros(3))


def reparametrised(fn=FN, obs=None):
    return poutine.reparam(lambda: pyro.sample("x", fn, obs=obs), config={"x": ProjectedNormalReparam()})


def test_data_are_refused():
    with pytest.raises(NotImplementedError, match="Site 'x': .* does not support observe statements"):
        reparametrised(obs=torch.tensor([0.0, 0.0, 1.0]))()


def test_other_distributions_are_refused():
    with pytest.raises(AssertionError, match="Site 'x': .* expects a ProjectedNormal, got Normal"):
        reparametrised(dist.Normal(0.0, 1.0))()


def test_the_direction_is_that_of_the_vector():
    trace = poutine.trace(reparametrised()).get_trace()
    vector, x = trace.nodes["x_normal"]["value"], trace.nodes["x"]["value"]
    torch.testing.assert_close(x * vector.norm(), vector)
