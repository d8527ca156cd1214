"""Programs: plates, scales, masks, estimators, guides, statements, and draws that stay in the graph."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions import constraints
from pyro.infer import Trace_ELBO
from tests.compiler.problem import DATA, Problem, adds_to, guide, model

MODELS: dict[str, Callable[[], Problem]] = {}
row = adds_to(MODELS)


class ScoreNormal(dist.Normal):
    """A normal distribution whose draws carry no gradients."""

    has_rsample = False


# ---- plates, scales, masks

@row
def normal() -> Problem:
    return Problem(model, guide)


@row
def separate_observations() -> Problem:
    def one_by_one() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        for i, value in enumerate(DATA):
            pyro.sample(f"x{i}", dist.Normal(z, 1.0), obs=value)

    return Problem(one_by_one, guide)


@row
def eight_schools() -> Problem:
    effects = torch.tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    errors = torch.tensor([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])

    def schools(errors: Tensor, effects: Tensor) -> None:
        mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
        tau = pyro.sample("tau", dist.HalfCauchy(5.0))
        with pyro.plate("schools", 8):
            theta = pyro.sample("theta", dist.Normal(mu, tau))
            pyro.sample("y", dist.Normal(theta, errors), obs=effects)

    def fitted(errors: Tensor, effects: Tensor) -> None:
        for name, family in (("mu", dist.Normal), ("tau", dist.LogNormal)):
            loc = pyro.param(f"{name}_loc", torch.tensor(0.5))
            pyro.sample(name, family(loc, pyro.param(f"{name}_scale", torch.tensor(0.3), constraints.positive)))
        with pyro.plate("schools", 8):
            loc = pyro.param("theta_loc", torch.zeros(8))
            pyro.sample("theta", dist.Normal(loc, pyro.param("theta_scale", torch.ones(8), constraints.positive)))

    return Problem(schools, fitted, args=(errors, effects))


@row
def nested_plates() -> Problem:
    data = torch.linspace(-1, 1, 12).reshape(3, 4)

    def nested() -> None:
        with pyro.plate("columns", 4, dim=-1):
            effect = pyro.sample("effect", dist.Normal(0.0, 1.0))
            with pyro.plate("rows", 3, dim=-2):
                pyro.sample("x", dist.Normal(effect, 0.5), obs=data)

    def fitted() -> None:
        loc = pyro.param("loc", lambda: 0.1 * torch.arange(4.0))
        with pyro.plate("columns", 4, dim=-1):
            pyro.sample("effect", dist.Normal(loc, pyro.param("scale", torch.tensor(0.5), constraints.positive)))

    return Problem(nested, fitted)


@row
def sequential_plate() -> Problem:
    def sequential() -> None:
        for i in pyro.plate("data", 3):
            z = pyro.sample(f"z{i}", dist.Normal(float(i), 1.0))
            pyro.sample(f"x{i}", dist.Normal(z, 1.0), obs=DATA[i])

    def fitted() -> None:
        loc = pyro.param("loc", torch.zeros(3))
        for i in pyro.plate("data", 3):
            pyro.sample(f"z{i}", dist.Normal(loc[i], 0.5))

    return Problem(sequential, fitted)


@row
def subsampled_plate() -> Problem:
    data = torch.linspace(-1, 1, 50)

    def subsampled() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 50, subsample_size=5) as rows:
            pyro.sample("x", dist.Normal(z, 1.0), obs=data[rows])

    return Problem(subsampled, guide)


@row
def subsampled_guide() -> Problem:
    data = torch.linspace(-1, 1, 12)

    def local() -> None:
        with pyro.plate("data", 12, subsample_size=8) as rows:
            z = pyro.sample("z", dist.Normal(0.0, 1.0))
            pyro.sample("x", dist.Normal(z, 1.0), obs=data[rows])

    def fitted() -> None:
        with pyro.plate("data", 12, subsample_size=8):
            loc = pyro.param("loc", torch.zeros(12), event_dim=0)
            pyro.sample("z", dist.Normal(loc, 0.7))

    return Problem(local, fitted)


@row
def masked() -> Problem:
    def masked_model() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 4), poutine.mask(mask=torch.tensor([True, False, True, True])):
            pyro.sample("x", dist.Normal(z, 1.0), obs=DATA)

    return Problem(masked_model, guide)


@row
def partly_observed() -> Problem:
    is_observed = torch.tensor([True, False, True, True])

    def partly() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 4):
            pyro.sample("x", dist.Normal(z, 1.0), obs=DATA, obs_mask=is_observed)

    def fitted() -> None:
        guide()
        with pyro.plate("data", 4):
            pyro.sample("x_unobserved", dist.Normal(pyro.param("x_loc", torch.zeros(4)), 1.0))

    return Problem(partly, fitted)


@row
def scaled() -> Problem:
    return Problem(poutine.scale(model, scale=0.1), poutine.scale(guide, scale=0.1))


# ---- estimators and guides

@row
def particles_in_a_loop() -> Problem:
    return Problem(model, guide, loss=Trace_ELBO(num_particles=3))


@row
def particles_in_a_dim() -> Problem:
    return Problem(model, guide, loss=Trace_ELBO(num_particles=3, vectorize_particles=True))


@row
def score_function() -> Problem:
    return Problem(model, lambda: guide(family=ScoreNormal), loss=Trace_ELBO(num_particles=2))


@row
def delta_guide() -> Problem:
    def point() -> None:
        pyro.sample("z", dist.Delta(pyro.param("point", torch.tensor(0.2))))

    return Problem(model, point)


@row
def own_loss_function() -> Problem:
    def penalised(model: Any, guide: Any) -> Tensor:
        return Trace_ELBO().differentiable_loss(model, guide) + pyro.param("loc") ** 2

    return Problem(model, guide, loss=penalised)


@row
def missing_in_guide() -> Problem:
    def nuisance() -> None:
        model()
        pyro.sample("w", dist.Normal(1.0, 2.0), infer={"is_auxiliary": True})

    def fitted() -> None:
        guide()
        pyro.sample("w", dist.Normal(pyro.param("w_loc", torch.tensor(0.0)), 1.0))

    return Problem(nuisance, fitted)


# ---- statements

@row
def deterministic_and_factor() -> Problem:
    def stated() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        shifted = pyro.deterministic("shifted", z + 1.0)
        pyro.factor("pull", -0.1 * shifted**2)
        with pyro.plate("data", 4):
            pyro.sample("x", dist.Normal(shifted, 1.0), obs=DATA)

    return Problem(stated, guide)


@row
def conditioned() -> Problem:
    def latent() -> None:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 4):
            pyro.sample("x", dist.Normal(z, 1.0))

    return Problem(poutine.condition(latent, data={"x": DATA}), guide)


@row
def mixture() -> Problem:
    """Components summed out by hand."""
    def two_components() -> None:
        locs = pyro.sample("locs", dist.Normal(torch.tensor([-1.0, 1.0]), 1.0).to_event(1))
        weights = dist.Categorical(probs=torch.tensor([0.3, 0.7]))
        with pyro.plate("data", 4):
            pyro.sample("x", dist.MixtureSameFamily(weights, dist.Normal(locs, 0.5)), obs=DATA)

    def fitted() -> None:
        loc = pyro.param("loc", torch.tensor([-0.5, 0.5]))
        pyro.sample("locs", dist.Normal(loc, pyro.param("scale", torch.ones(2), constraints.positive)).to_event(1))

    return Problem(two_components, fitted)


# ---- draws that stay in the graph: their arguments are parameters

def counted(guided: Callable[[], None]) -> Problem:
    def model_of_rate() -> None:
        rate = pyro.sample("rate", dist.Gamma(2.0, 1.0))
        with pyro.plate("data", 4):
            pyro.sample("x", dist.Poisson(rate), obs=torch.tensor([2.0, 0.0, 3.0, 1.0]))

    return Problem(model_of_rate, guided)


@row
def gamma_guide() -> Problem:
    def fitted() -> None:
        shape = pyro.param("shape", torch.tensor(3.0), constraints.positive)
        pyro.sample("rate", dist.Gamma(shape, pyro.param("inverse_scale", torch.tensor(2.0), constraints.positive)))

    return counted(fitted)


@row
def beta_guide() -> Problem:
    def coin() -> None:
        fairness = pyro.sample("fairness", dist.Beta(10.0, 10.0))
        for i in range(10):
            pyro.sample(f"flip{i}", dist.Bernoulli(fairness), obs=torch.tensor(float(i < 6)))

    def fitted() -> None:
        a, b = (pyro.param(name, torch.tensor(15.0), constraints.positive) for name in ("a", "b"))
        pyro.sample("fairness", dist.Beta(a, b))

    return Problem(coin, fitted)


@row
def dirichlet_guide() -> Problem:
    def die() -> None:
        faces = pyro.sample("faces", dist.Dirichlet(torch.ones(3)))
        with pyro.plate("throws", 5):
            pyro.sample("x", dist.Categorical(faces), obs=torch.tensor([0, 2, 2, 1, 2]))

    def fitted() -> None:
        pyro.sample("faces", dist.Dirichlet(pyro.param("weights", torch.tensor([1.0, 2.0, 3.0]), constraints.positive)))

    return Problem(die, fitted)


@row
def bernoulli_guide() -> Problem:
    def switch() -> None:
        on = pyro.sample("on", dist.Bernoulli(0.4))
        pyro.sample("x", dist.Normal(on, 1.0), obs=torch.tensor(0.8))

    def fitted() -> None:
        pyro.sample("on", dist.Bernoulli(pyro.param("p", torch.tensor(0.5), constraints.unit_interval)))

    return Problem(switch, fitted)
