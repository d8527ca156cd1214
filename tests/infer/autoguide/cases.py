"""Models whose posterior is normal in unconstrained space, so that guides can be exact, and the guides by name."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.transforms import affine_autoregressive, iterated
from pyro.infer import autoguide

DATA = tensor([0.5, -1.0, 2.0, 1.5])


def conjugate(rows: int | None = None) -> None:
    """``log z_i ~ N(0, 1)`` and ``x_i ~ N(log z_i, 1)``, so that ``log z_i | x_i ~ N(x_i / 2, 1 / 2)``."""
    with pyro.plate("data", 4, subsample_size=rows) as index:
        z = pyro.sample("z", dist.LogNormal(0.0, 1.0))
        pyro.sample("x", dist.Normal(z.log(), 1.0), obs=DATA[index])


# minus the log-evidence of the model above, row by row
COSTS = 0.5 * (DATA**2 / 2 + math.log(2 * math.pi * 2))


def inverse_softplus(x: float) -> float:
    """The unconstrained value of a scale."""
    return math.log(math.expm1(x))


EFFECTS = tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = tensor([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


def eight_schools(effects: Tensor = EFFECTS) -> None:
    """The hierarchical model of Rubin (1981)."""
    mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
    tau = pyro.sample("tau", dist.HalfCauchy(5.0))
    with pyro.plate("schools", 8):
        theta = pyro.sample("theta", dist.Normal(mu, tau))
        pyro.sample("y", dist.Normal(theta, ERRORS), obs=effects)


def schools_alone() -> None:
    """The schools without pooling: all sites are in one plate."""
    with pyro.plate("schools", 8):
        tau = pyro.sample("tau", dist.HalfCauchy(5.0))
        theta = pyro.sample("theta", dist.Normal(0.0, tau))
        pyro.sample("y", dist.Normal(theta, ERRORS), obs=EFFECTS)


def in_parts(model: Any) -> Any:
    """A list of a point estimate of ``tau`` and a normal approximation of the rest."""
    guide = autoguide.AutoGuideList(model)
    guide.append(autoguide.AutoDelta(poutine.block(model, expose=["tau"])))
    guide.append(autoguide.AutoNormal(poutine.block(model, hide=["tau"])))
    return guide


GUIDES: dict[str, Callable[[Any], Any]] = {
    "delta": autoguide.AutoDelta,
    "normal": autoguide.AutoNormal,
    "diagonal_normal": autoguide.AutoDiagonalNormal,
    "multivariate_normal": autoguide.AutoMultivariateNormal,
    "low_rank_multivariate_normal": autoguide.AutoLowRankMultivariateNormal,
    "normalizing_flow": partial(autoguide.AutoNormalizingFlow, init_transform_fn=partial(
        iterated, 2, affine_autoregressive, hidden_dims=[12])),
    "iaf_normal": partial(autoguide.AutoIAFNormal, hidden_dim=[12]),
    "bnaf_normal": partial(autoguide.AutoBNAFNormal, num_flows=1, hidden_factors=[2]),
    "laplace": autoguide.AutoLaplaceApproximation,
    "list": in_parts,
}

BATCHED: dict[str, Callable[[Any], Any]] = {
    "batched_multivariate_normal": autoguide.AutoBatchedMultivariateNormal,
    "batched_low_rank_multivariate_normal": partial(autoguide.AutoBatchedLowRankMultivariateNormal, rank=1),
}

ALL = [*((name, make, eight_schools) for name, make in GUIDES.items()),
       *((name, make, schools_alone) for name, make in BATCHED.items())]
NAMES = [name for name, _, _ in ALL]
