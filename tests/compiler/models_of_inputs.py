"""Parameters of all kinds, networks, and data given in all ways."""

from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils._pytree import register_dataclass

import pyro
import pyro.distributions as dist
from pyro import optim
from pyro.distributions import constraints
from tests.compiler.problem import DATA, Problem, adds_to, guide, model

MODELS: dict[str, Callable[[], Problem]] = {}
row = adds_to(MODELS)


# ---- parameters

@row
def constrained() -> Problem:
    """A parameter for each kind of constraint."""
    starts = {
        "positive": (torch.tensor([0.5, 2.0]), constraints.positive),
        "softplus_positive": (torch.tensor([0.5, 2.0]), constraints.softplus_positive),
        "unit_interval": (torch.tensor([0.2, 0.7]), constraints.unit_interval),
        "interval": (torch.tensor([1.5, 2.5]), constraints.interval(1.0, 3.0)),
        "greater_than": (torch.tensor([1.5, 2.5]), constraints.greater_than(1.0)),
        "less_than": (torch.tensor([-1.5, 0.5]), constraints.less_than(1.0)),
        "simplex": (torch.tensor([0.2, 0.5, 0.3]), constraints.simplex),
        "ordered": (torch.tensor([-1.0, 0.0, 2.0]), constraints.ordered_vector),
        "lower_cholesky": (torch.tensor([[1.0, 0.0], [0.5, 2.0]]), constraints.lower_cholesky),
        "unit_lower_cholesky": (torch.tensor([[1.0, 0.0], [0.5, 1.0]]), constraints.unit_lower_cholesky),
        "real": (torch.tensor([-1.0, 1.0]), constraints.real),
    }

    def fitted() -> None:
        total = sum((pyro.param(name, start, constraint) - 0.5).square().sum()
                    for name, (start, constraint) in starts.items())
        pyro.sample("z", dist.Normal(0.01 * total, 1.0))

    return Problem(model, fitted)


@row
def full_rank() -> Problem:
    features = torch.linspace(-1, 1, 30).reshape(10, 3).sin()
    labels = (features.sum(-1) > 0).float()

    def logistic(features: Tensor, labels: Tensor) -> None:
        weights = pyro.sample("weights", dist.Normal(torch.zeros(3), 1.0).to_event(1))
        with pyro.plate("data", 10):
            pyro.sample("y", dist.Bernoulli(logits=features @ weights), obs=labels)

    def fitted(features: Tensor, labels: Tensor) -> None:
        loc = pyro.param("loc", torch.zeros(3))
        factor = pyro.param("factor", torch.eye(3), constraints.lower_cholesky)
        pyro.sample("weights", dist.MultivariateNormal(loc, scale_tril=factor))

    return Problem(logistic, fitted, args=(features, labels))


@row
def strided() -> Problem:
    """Parameters and data that are not contiguous, or repeat elements."""
    def broad(data: Tensor) -> None:
        with pyro.plate("columns", 3, dim=-1), pyro.plate("rows", 2, dim=-2):
            z = pyro.sample("z", dist.Normal(0.0, 1.0))
            pyro.sample("x", dist.Normal(z, 1.0), obs=data)

    def fitted(data: Tensor) -> None:
        loc = pyro.param("loc", lambda: torch.arange(6.0).reshape(3, 2).T)
        with pyro.plate("columns", 3, dim=-1), pyro.plate("rows", 2, dim=-2):
            pyro.sample("z", dist.Normal(loc, 1.0))

    return Problem(broad, fitted, args=(DATA[:3].expand(2, 3),))


@row
def unused_parameter() -> Problem:
    def fitted() -> None:
        pyro.param("unused", torch.tensor(1.0))
        guide()

    return Problem(model, fitted)


@row
def double_precision() -> Problem:
    data = DATA.double()

    def fitted(data: Tensor) -> None:
        loc = pyro.param("loc", torch.tensor(0.3, dtype=torch.float64))
        scale = pyro.param("scale", torch.tensor(0.8, dtype=torch.float64), constraints.positive)
        pyro.sample("z", dist.Normal(loc, scale))

    return Problem(model, fitted, args=(data,))


# ---- networks

class Encoder(nn.Module):
    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.first = nn.Linear(3, 4)
        self.between = nn.Sequential(*layers)
        self.last = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.between(self.first(x)))


def regression(*layers: nn.Module) -> Problem:
    encoder = Encoder(*layers)
    features = torch.linspace(-2, 2, 24).reshape(8, 3).cos()

    def amortised(x: Tensor) -> None:
        with pyro.plate("rows", 8):
            z = pyro.sample("z", dist.Normal(0.0, 1.0))
            pyro.sample("x", dist.Normal(z.unsqueeze(-1), 1.0).expand([8, 3]).to_event(1), obs=x)

    def fitted(x: Tensor) -> None:
        pyro.module("encoder", encoder)
        with pyro.plate("rows", 8):
            loc, log_scale = encoder(x).unbind(-1)
            pyro.sample("z", dist.Normal(loc, log_scale.exp()))

    return Problem(amortised, fitted, args=(features,))


@row
def network() -> Problem:
    return regression(nn.Tanh())


@row
def batch_norm() -> Problem:
    problem = regression(nn.BatchNorm1d(4), nn.Softplus())
    problem.optim = optim.SGD({"lr": 0.01})  # the bias before it has no gradient but rounding, which Adam would magnify
    return problem


@row
def dropout() -> Problem:
    return regression(nn.Softplus(), nn.Dropout(0.3))


# ---- arguments

def keyword_model(*, observed: Tensor, scale: float = 1.0) -> None:
    z = pyro.sample("z", dist.Normal(0.0, scale))
    with pyro.plate("data", len(observed)):
        pyro.sample("x", dist.Normal(z, 1.0), obs=observed)


@row
def keywords() -> Problem:
    return Problem(keyword_model, lambda **kwargs: guide(), kwargs={"observed": DATA.clone(), "scale": 2.0})


@row
def dict_argument() -> Problem:
    return Problem(lambda batch: keyword_model(**batch), lambda batch: guide(),
                   args=({"observed": DATA.clone(), "scale": 0.5},))


Pair = namedtuple("Pair", ["observed", "scale"])


@row
def namedtuple_argument() -> Problem:
    return Problem(lambda pair: keyword_model(**pair._asdict()), lambda pair: guide(), args=(Pair(DATA.clone(), 3.0),))


@dataclass
class Batch:
    observed: Tensor
    scale: float


register_dataclass(Batch)


@row
def dataclass_argument() -> Problem:
    return Problem(lambda batch: keyword_model(observed=batch.observed, scale=batch.scale), lambda batch: guide(),
                   args=(Batch(DATA.clone(), 0.7),))


@dataclass
class Opaque:
    """A container that torch's tree functions do not know."""

    observed: Tensor
    scale: float


@row
def opaque_argument() -> Problem:
    return Problem(lambda batch: keyword_model(observed=batch.observed, scale=batch.scale), lambda batch: guide(),
                   args=(Opaque(DATA.clone(), 0.7),))


@row
def closure() -> Problem:
    data, table = DATA.clone(), {"shift": torch.tensor([0.1, 0.2, 0.3, 0.4])}
    return Problem(lambda: model(data + table["shift"]), guide)
