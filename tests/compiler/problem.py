"""What the laws of the compiler are tested on, and the simplest of it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro import optim
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO

DATA = torch.tensor([0.5, -1.0, 2.0, 0.3])


@dataclass
class Problem:
    """What an SVI is made of, and the arguments of its steps.

    Attributes:
        model: the model.
        guide: the guide.
        optim: an optimiser that no other problem has.
        loss: the estimator, or a loss function.
        args: positional arguments of a step.
        kwargs: keyword arguments of a step.
    """

    model: Any
    guide: Any
    optim: Any = field(default_factory=lambda: optim.Adam({"lr": 0.02}))
    loss: Any = field(default_factory=Trace_ELBO)
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)

    def svi(self) -> SVI:
        return SVI(self.model, self.guide, self.optim, self.loss)


Make = Callable[[], Problem]


def adds_to(table: dict[str, Make]) -> Callable[[Make], Make]:
    """A decorator that adds functions to a table under their names."""
    def add(make: Make) -> Make:
        table[make.__name__] = make
        return make

    return add


def model(data: Tensor = DATA) -> None:
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("data", len(data)):
        pyro.sample("x", dist.Normal(z, 1.0), obs=data)


def guide(data: Tensor = DATA, family: Any = dist.Normal) -> None:
    loc = pyro.param("loc", torch.tensor(0.3))
    scale = pyro.param("scale", torch.tensor(0.8), constraint=constraints.positive)
    pyro.sample("z", family(loc, scale))
