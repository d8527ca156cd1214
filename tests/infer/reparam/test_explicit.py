import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.transforms import ExpTransform
from pyro.infer.reparam import ExplicitReparam


def reparametrised(obs=None):
    return poutine.reparam(lambda: pyro.sample("x", dist.Gamma(3.0, 2.0), obs=obs),
                           config={"x": ExplicitReparam(ExpTransform().inv)})


def test_the_density_is_that_of_the_coordinates():
    trace = poutine.trace(reparametrised()).get_trace()
    x = trace.nodes["x"]["value"]
    torch.testing.assert_close(trace.nodes["x_base"]["value"], x.log())
    torch.testing.assert_close(trace.log_prob_sum(), dist.Gamma(3.0, 2.0).log_prob(x) + x.log())


def test_data_are_refused():
    with pytest.raises(AssertionError, match="Site 'x': ExplicitReparam does not support observe statements"):
        reparametrised(torch.tensor(1.0))()
