"""A run that went well so far, and tables of what users get wrong in the middle of it."""

import copy
from collections.abc import Callable
from pathlib import Path

import torch

import pyro
import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from pyro.poutine.runtime import _DIM_ALLOCATOR, _PYRO_STACK

DATA = torch.tensor([1.0, 2.0, 3.0])


def model(data=DATA):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("data", 3):
        pyro.sample("x", dist.Normal(z, 1.0), obs=data)


def guide(data=DATA):
    loc = pyro.param("loc", torch.tensor(0.5))
    scale = pyro.param("scale", torch.tensor(0.5), constraint=constraints.positive)
    pyro.sample("z", dist.Normal(loc, scale))


class Run:
    """A run that went well so far, and what must not change."""

    def __init__(self, folder: Path):
        pyro.clear_param_store()
        self.folder = folder
        self.optim = pyro.optim.Adam({"lr": 0.01})
        self.svi = SVI(model, guide, self.optim, Trace_ELBO())
        for _ in range(2):
            self.svi.step()

    def step(self, model=model, guide=guide, *args, **kwargs):
        self.svi.model, self.svi.guide = model, guide
        self.svi.step(*args, **kwargs)

    def state(self):
        store = pyro.get_param_store()
        return {
            "handlers": list(_PYRO_STACK),
            "dims": _DIM_ALLOCATOR._owners.get(),
            "values": {name: value.tolist() for name, value in store.items()},
            "leaves": {name: (id(leaf), leaf.grad) for name, leaf in store.named_parameters()},
            "constraints": {name: str(constraint) for name, constraint in store.get_state()["constraints"].items()},
            "optimizer": copy.deepcopy(self.optim.get_state()),
        }


class Cases(dict[str, tuple[Callable[[Run], None], type[Exception], tuple[str, ...]]]):
    """Misuses by name, each with the exception that it gets and parts of its message."""

    def raises(self, error, *parts):
        """Adds the decorated function."""

        def add(misuse):
            self[misuse.__name__] = (misuse, error, parts)
            return misuse

        return add
