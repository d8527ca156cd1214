"""A small inference, and what it leaves behind."""

import torch

import pyro
import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam

DATA = torch.tensor([0.5, -1.0, 2.0])


def model(data=DATA, scale=1.0):
    z = pyro.sample("z", dist.Normal(0.0, scale))
    with pyro.plate("data", len(data)):
        pyro.sample("x", dist.Normal(z, 1.0), obs=data)


def guide(data=DATA, scale=1.0):
    loc = pyro.param("loc", torch.tensor(0.3))
    pyro.sample("z", dist.Normal(loc, pyro.param("scale", torch.tensor(0.8), constraint=constraints.positive)))


def make(model=model, guide=guide, optim=None, loss=None):
    return SVI(model, guide, optim or Adam({"lr": 0.05}), loss or Trace_ELBO())


def state(svi):
    """Every tensor of the parameters and the optimiser, with its address."""
    tensors = {}
    for name, leaf in pyro.get_param_store().named_parameters():
        tensors[name] = leaf
        tensors |= {f"{name}.{key}": value for key, value in svi.optim.torch_optimizer.state[leaf].items()}
    return tensors


def values(svi):
    return {name: value.detach().clone() for name, value in state(svi).items()}


def assert_close(got, expected):
    assert got.keys() == expected.keys()
    for name, value in got.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-4, atol=1e-5, msg=name)
