import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.reparam import GumbelSoftmaxReparam

FN = dist.RelaxedOneHotCategorical(torch.tensor(0.5), torch.ones(3))


def reparametrised(fn=FN, obs=None):
    return poutine.reparam(lambda: pyro.sample("x", fn, obs=obs), config={"x": GumbelSoftmaxReparam()})


def test_data_are_refused():
    with pytest.raises(NotImplementedError, match="Site 'x': GumbelSoftmaxReparam does not support observe statements"):
        reparametrised(obs=torch.tensor([0.2, 0.3, 0.5]))()


def test_other_distributions_are_refused():
    with pytest.raises(AssertionError, match="Site 'x': .* expects a RelaxedOneHotCategorical, got Normal"):
        reparametrised(dist.Normal(0.0, 1.0))()


@pytest.mark.parametrize("uniform", [[0.0, 0.5, 0.5], [1.0, 0.5, 0.5]])
def test_the_ends_of_the_interval_are_finite(uniform):
    uniform = torch.tensor(uniform, requires_grad=True)
    x = poutine.condition(reparametrised(), data={"x_uniform": uniform})()
    assert x.isfinite().all() and abs(x.sum() - 1) < 1e-5
    assert torch.autograd.grad(x.square().sum(), uniform)[0].isfinite().all()
