"""Small models of known structure."""

import torch
from torch.distributions import constraints

import pyro
import pyro.distributions as dist
from pyro import poutine

ZERO = torch.tensor(0.0)


def normal(name, loc=0.0, **kwargs):
    """A normal variable of scale one."""
    return pyro.sample(name, dist.Normal(loc, 1.0), **kwargs)


def chain():
    a = normal("a")
    b = normal("b", a)
    normal("c", b)


def collider():
    normal("c", normal("a") + normal("b"), obs=ZERO)


def plates_and_reductions():
    a = normal("a")
    with pyro.plate("p", 3):
        b = normal("b", a)
    normal("c", b.sum(-1))


def loop_plate():
    state = normal("x0")
    for i in pyro.plate("time", 2):
        state = normal(f"x{i + 1}", state)
        normal(f"y{i + 1}", state, obs=ZERO)


def discrete_index():
    z = pyro.sample("z", dist.Categorical(torch.ones(2)))
    loc = pyro.sample("loc", dist.Normal(torch.zeros(2), 1.0).to_event(1))
    normal("x", loc[z], obs=ZERO)


def filled_in_place():
    loc = torch.zeros(3)
    loc[0] = normal("a")
    loc[1:].copy_(normal("b"))
    pyro.sample("x", dist.Normal(loc, 1.0).to_event(1))


def new_tensor():
    normal("x", torch.tensor([normal("a"), normal("b")]).sum())


def observed_value():
    a = normal("a")
    normal("b", obs=2 * a)


def delta():
    a = normal("a")
    b = pyro.sample("b", dist.Delta(a))
    normal("c", b)


def masked():
    a = normal("a")
    pyro.sample("b", dist.Normal(a, 1.0).mask(False))
    with poutine.mask(mask=False):
        normal("c", a, obs=ZERO)


def factors():
    a = normal("a")
    pyro.factor("f", -a.abs())


def drawn_only():
    class Shift(dist.Distribution):
        def __init__(self, loc):
            self.loc = loc

        def sample(self):
            return self.loc + torch.rand(())

        def log_prob(self, x):
            raise NotImplementedError

    pyro.sample("b", Shift(normal("a")))


def transformed():
    a = normal("a")
    b = pyro.sample("b", dist.TransformedDistribution(dist.Normal(0.0, 1.0), dist.transforms.AffineTransform(a, 2.0)))
    pyro.sample("c", dist.LogNormal(b, b.exp()))


def through_detach():
    normal("b", normal("a").detach())


def partly_observed():
    a = normal("a")
    with pyro.plate("p", 2):
        y = normal("y", a, obs=torch.zeros(2), obs_mask=torch.tensor([True, False]))
        normal("z", y)


def with_params():
    scale = pyro.param("scale", torch.tensor(1.0), constraint=constraints.positive)
    pyro.param("unused", torch.tensor(1.0))
    a = pyro.sample("a", dist.Normal(0.0, scale))
    normal("b", a)


def coupled_by_sum():
    with pyro.plate("p", 2):
        a = normal("a")
    normal("b", a.sum(), obs=ZERO)


def coupled_across_two_plates():
    rows, columns = pyro.plate("rows", 2, dim=-1), pyro.plate("columns", 3, dim=-2)
    with rows:
        a = normal("a")
    with columns:
        b = normal("b")
    with rows, columns:
        normal("c", a + b, obs=torch.zeros(3, 2))


def coupled_in_inner_plate():
    with pyro.plate("outer", 2, dim=-1):
        with pyro.plate("inner", 3, dim=-2):
            a = normal("a")
        normal("b", a.sum(-2), obs=torch.zeros(2))


def observed_parent():
    x = normal("x", obs=ZERO)
    normal("y", x)
