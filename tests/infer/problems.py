"""Models and guides whose exact loss, minus the ELBO, is known as a differentiable function of the parameters.

It comes in closed form, or, for discrete sites, by exhaustive enumeration. All programs can be vectorised over
particles.
"""

import math
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from torch import Tensor, tensor
from torch.distributions import kl_divergence

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions import constraints
from tests.infer.enumeration import enumerated_loss

Params = dict[str, tuple[Tensor, Any]]

LOG_2PI = math.log(2 * math.pi)
REAL, POSITIVE, UNIT = constraints.real, constraints.positive, constraints.unit_interval


@dataclass(frozen=True)
class Problem:
    """A model, a guide, the guide's parameters with their constraints, and the exact loss of constrained values.

    Without ``exact`` the loss is summed over all values of the sites. ``precision`` bounds the standard error of a
    test, relative to the largest component of the gradient. ``has_random_rows`` says that plates draw rows, which all
    particles share.
    """

    model: Callable[[], Any]
    guide: Callable[[], Any]
    params: Params
    exact: Callable[..., Tensor] | None = None
    warns: str | None = None
    precision: float = 0.02
    has_random_rows: bool = False

    def start(self) -> list[Tensor]:
        """Creates the parameters and returns their leaves."""
        values = [pyro.param(name, value.clone(), constraint) for name, (value, constraint) in self.params.items()]
        return [value.unconstrained() for value in values]

    def exact_loss(self) -> Tensor:
        """The loss at the parameters' present values."""
        if self.exact is None:
            return enumerated_loss(self.model, self.guide)
        return self.exact(**{name: pyro.param(name) for name in self.params})

    def warning(self) -> Any:
        """A context that expects the warning that the problem is known to give."""
        return nullcontext() if self.warns is None else pytest.warns(UserWarning, match=self.warns)


def gaussian_cost(mean: Tensor, variance: Tensor | float, x: Tensor | float, scale: float = 1.0) -> Tensor:
    """``-E[log N(x; z, scale)]`` for a ``z`` of the given mean and variance."""
    return 0.5 * (LOG_2PI + ((x - mean) ** 2 + variance) / scale**2) + math.log(scale)


class ScoreNormal(dist.Normal):
    """A normal distribution whose draws carry no gradients."""

    has_rsample = False


# ---- normal-normal

DATA = tensor([0.5, -1.0, 2.0])
LOC_SCALE: Params = {"loc": (tensor(0.3), REAL), "scale": (tensor(0.8), POSITIVE)}


def normal_model() -> None:
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("data", 3):
        pyro.sample("x", dist.Normal(z, 2.0), obs=DATA)


def normal_guide(family: Any = dist.Normal) -> None:
    pyro.sample("z", family(pyro.param("loc"), pyro.param("scale")))


def normal_exact(loc: Tensor, scale: Tensor) -> Tensor:
    prior = kl_divergence(dist.Normal(loc, scale), dist.Normal(0.0, 1.0))
    return prior + gaussian_cost(loc, scale**2, DATA, 2.0).sum()


def factored_guide(has_rsample: bool) -> None:
    """A guide that computes its draw by hand, and gives its density as a factor."""
    loc, scale = pyro.param("loc"), pyro.param("scale")
    noise = pyro.sample("noise", dist.Normal(0.0, 1.0).mask(False), infer={"is_auxiliary": True})
    z = loc + scale * noise
    z = z if has_rsample else z.detach()
    pyro.factor("density", dist.Normal(loc, scale).log_prob(z), has_rsample=has_rsample)
    pyro.sample("z", dist.Delta(z))


def auxiliary_guide(family: Any) -> None:
    u = pyro.sample("u", family(pyro.param("loc"), 0.5), infer={"is_auxiliary": True})
    pyro.sample("z", family(u, pyro.param("scale")))


def auxiliary_exact(loc: Tensor, scale: Tensor) -> Tensor:
    # z has the mean loc and the variance scale^2 + 1/4; the guide's density is that of u and z together
    variance = scale**2 + 0.25
    entropy = dist.Normal(0.0, 0.5).entropy() + dist.Normal(0.0, scale).entropy()
    return -entropy + gaussian_cost(loc, variance, 0.0) + gaussian_cost(loc, variance, DATA, 2.0).sum()


def scaled_exact(loc: Tensor, scale: Tensor) -> Tensor:
    prior = kl_divergence(dist.Normal(loc, scale), dist.Normal(0.0, 1.0))
    return 3.0 * prior + 3.0 * gaussian_cost(loc, scale**2, DATA, 2.0).sum()


def half_observed_model() -> None:
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("data", 3), poutine.mask(mask=tensor([True, False, True])):
        pyro.sample("x", dist.Normal(z, 2.0), obs=tensor([0.5, math.nan, 2.0]))


def half_observed_exact(loc: Tensor, scale: Tensor) -> Tensor:
    prior = kl_divergence(dist.Normal(loc, scale), dist.Normal(0.0, 1.0))
    return prior + gaussian_cost(loc, scale**2, DATA[[0, 2]], 2.0).sum()


def subsampled_model() -> None:
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("data", 3, subsample_size=2) as rows:
        pyro.sample("x", dist.Normal(z, 2.0), obs=DATA[rows])


def conditioned_model() -> None:
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("data", 3):
        pyro.sample("x", dist.Normal(z, 2.0))


# ---- other conjugate pairs

COUNTS = tensor([2.0, 0.0, 3.0])


def beta_bernoulli_model() -> None:
    p = pyro.sample("p", dist.Beta(2.0, 3.0))
    with pyro.plate("data", 3):
        pyro.sample("x", dist.Bernoulli(p), obs=tensor([1.0, 1.0, 0.0]))


def beta_exact(a: Tensor, b: Tensor) -> Tensor:
    log_p, log_not_p = torch.digamma(a) - torch.digamma(a + b), torch.digamma(b) - torch.digamma(a + b)
    return kl_divergence(dist.Beta(a, b), dist.Beta(2.0, 3.0)) - 2 * log_p - log_not_p


def gamma_model(likelihood: Any) -> None:
    rate = pyro.sample("rate", dist.Gamma(2.0, 1.0))
    with pyro.plate("data", 3):
        pyro.sample("x", likelihood(rate), obs=COUNTS)


def gamma_guide() -> None:
    pyro.sample("rate", dist.Gamma(pyro.param("a"), pyro.param("b")))


def gamma_poisson_exact(a: Tensor, b: Tensor) -> Tensor:
    log_rate = torch.digamma(a) - b.log()
    prior = kl_divergence(dist.Gamma(a, b), dist.Gamma(2.0, 1.0))
    return prior - (COUNTS * log_rate - a / b - torch.lgamma(COUNTS + 1)).sum()


def gamma_exponential_exact(a: Tensor, b: Tensor) -> Tensor:
    log_rate = torch.digamma(a) - b.log()
    return kl_divergence(dist.Gamma(a, b), dist.Gamma(2.0, 1.0)) - (log_rate - COUNTS * a / b).sum()


# ---- pathwise and score-function sites together

NODES = torch.arange(-600, 601) / 100
WEIGHTS = 0.01 * dist.Normal(0.0, 1.0).log_prob(NODES).exp()


def mixed_model() -> None:
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    y = pyro.sample("y", dist.Bernoulli(logits=z - 0.5))
    pyro.sample("x", dist.Normal(z + y, 1.0), obs=tensor(1.5))


def mixed_guide() -> None:
    z = pyro.sample("z", dist.Normal(pyro.param("loc"), 0.7))
    pyro.sample("y", dist.Bernoulli(logits=z + pyro.param("shift")))


def _mixed_exact(loc: Tensor, y_logits: Callable[[Tensor], Tensor]) -> Tensor:
    """The expectation over ``z`` by quadrature of the sum over ``y``."""
    z = loc + 0.7 * NODES
    q, p = dist.Bernoulli(logits=y_logits(z)), dist.Bernoulli(logits=z - 0.5)
    cost = sum(q.probs ** y * (1 - q.probs) ** (1 - y)
               * (q.log_prob(tensor(y)) - p.log_prob(tensor(y)) - dist.Normal(z + y, 1.0).log_prob(tensor(1.5)))
               for y in (0.0, 1.0))
    return kl_divergence(dist.Normal(loc, 0.7), dist.Normal(0.0, 1.0)) + (WEIGHTS * cost).sum()


def mixed_exact(loc: Tensor, shift: Tensor) -> Tensor:
    return _mixed_exact(loc, lambda z: z + shift)


def prior_site_guide() -> None:
    pyro.sample("z", dist.Normal(pyro.param("loc"), 0.7))


def prior_site_exact(loc: Tensor) -> Tensor:
    return _mixed_exact(loc, lambda z: z - 0.5)


# ---- discrete, by enumeration

PROBS = tensor([0.3, 0.6, 0.8])


def coins_model(mask: bool | Tensor = True, scale: float = 1.0) -> None:
    a = pyro.sample("a", dist.Categorical(tensor([0.2, 0.5, 0.3])))
    with pyro.plate("rows", 3), poutine.mask(mask=mask), poutine.scale(scale=scale):
        y = pyro.sample("y", dist.Bernoulli(PROBS[a]))
        pyro.sample("x", dist.Normal(y, 1.0), obs=DATA)


def coins_guide(mask: bool | Tensor = True, scale: float = 1.0) -> None:
    pyro.sample("a", dist.Categorical(pyro.param("p_a")))
    with pyro.plate("rows", 3), poutine.mask(mask=mask), poutine.scale(scale=scale):
        pyro.sample("y", dist.Bernoulli(pyro.param("p_y")))


COINS: Params = {"p_a": (tensor([0.5, 0.3, 0.2]), constraints.simplex), "p_y": (tensor([0.4, 0.5, 0.7]), UNIT)}


def masked_coins_model(mask: bool | Tensor) -> None:
    """Sites that the mask hides still matter: what is not hidden depends on them."""
    with pyro.plate("rows", 3):
        with poutine.mask(mask=mask):
            y = pyro.sample("y", dist.Bernoulli(0.3))
        pyro.sample("x", dist.Normal(y, 1.0), obs=DATA)


def masked_coins_guide(mask: bool | Tensor) -> None:
    with pyro.plate("rows", 3), poutine.mask(mask=mask):
        pyro.sample("y", dist.Bernoulli(pyro.param("p_y")))


def nested_model() -> None:
    with pyro.plate("outer", 2, dim=-2):
        a = pyro.sample("a", dist.Bernoulli(0.3))
        with pyro.plate("inner", 2, dim=-1):
            b = pyro.sample("b", dist.Bernoulli(0.2 + 0.5 * a))
            pyro.sample("x", dist.Normal(a + b, 1.0), obs=tensor([[0.5, -1.0], [2.0, 1.0]]))


def nested_guide() -> None:
    with pyro.plate("outer", 2, dim=-2):
        a = pyro.sample("a", dist.Bernoulli(pyro.param("p_a")))
        with pyro.plate("inner", 2, dim=-1):
            pyro.sample("b", dist.Bernoulli(0.8 * pyro.param("p_b") + 0.1 * a))


NESTED: Params = {"p_a": (tensor([[0.4], [0.7]]), UNIT), "p_b": (tensor([[0.3, 0.5], [0.6, 0.8]]), UNIT)}


def sequential_model() -> None:
    a = pyro.sample("a", dist.Bernoulli(0.3))
    for i in pyro.plate("rows", 3):
        y = pyro.sample(f"y_{i}", dist.Bernoulli(0.2 + 0.5 * a))
        pyro.sample(f"x_{i}", dist.Normal(y, 1.0), obs=DATA[i])


def sequential_guide() -> None:
    a = pyro.sample("a", dist.Bernoulli(pyro.param("p_a")))
    for i in pyro.plate("rows", 3):
        pyro.sample(f"y_{i}", dist.Bernoulli(0.8 * pyro.param("p_y")[i] + 0.1 * a))


def prior_only_guide() -> None:
    pyro.sample("a", dist.Bernoulli(pyro.param("p_a")))


PARTLY: Params = {"p_a": (tensor(0.4), UNIT), "p_y": (tensor([0.4, 0.5, 0.7]), UNIT)}


def chain_model() -> None:
    a = pyro.sample("a", dist.Bernoulli(0.3))
    b = pyro.sample("b", dist.Bernoulli(0.2 + 0.5 * a))
    pyro.sample("x", dist.Normal(b, 1.0), obs=tensor(0.7))


def chain_guide() -> None:
    pyro.sample("a", dist.Bernoulli(pyro.param("p_a")))
    pyro.sample("b", dist.Bernoulli(pyro.param("p_b")))


def intervened_exact(p_a: Tensor, p_b: Tensor) -> Tensor:
    a, b = (kl_divergence(dist.Bernoulli(q), dist.Bernoulli(p)) for q, p in ((p_a, 0.3), (p_b, 0.7)))
    return a + b + gaussian_cost(p_b, p_b * (1 - p_b), tensor(0.7))


# ---- random rows of plates

def rows_model(outer: int = 2, inner: int = 2) -> None:
    with pyro.plate("outer", 3, subsample_size=outer, dim=-2) as i:
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("inner", 3, subsample_size=inner, dim=-1) as j:
            y = pyro.sample("y", dist.Bernoulli(0.4))
            pyro.sample("x", dist.Normal(z + y, 1.0), obs=torch.outer(DATA, PROBS)[i][:, j])


def rows_guide(outer: int = 2, inner: int = 2) -> None:
    with pyro.plate("outer", 3, subsample_size=outer, dim=-2):
        pyro.sample("z", dist.Normal(pyro.param("loc", event_dim=0), 0.7))
        with pyro.plate("inner", 3, subsample_size=inner, dim=-1):
            pyro.sample("y", dist.Bernoulli(pyro.param("p_y", event_dim=0)))


def rows_exact(loc: Tensor, p_y: Tensor) -> Tensor:
    outer = kl_divergence(dist.Normal(loc, 0.7), dist.Normal(0.0, 1.0)).sum()
    inner = kl_divergence(dist.Bernoulli(p_y), dist.Bernoulli(0.4)).sum()
    return outer + inner + gaussian_cost(loc + p_y, 0.49 + p_y * (1 - p_y), torch.outer(DATA, PROBS)).sum()


ROWS: Params = {"loc": (tensor([[0.3], [-0.2], [1.0]]), REAL),
                "p_y": (tensor([[0.3, 0.5, 0.4], [0.6, 0.8, 0.2], [0.5, 0.5, 0.7]]), UNIT)}

POSITIVE_PAIR: Params = {"a": (tensor(3.0), POSITIVE), "b": (tensor(2.0), POSITIVE)}
PRIOR, MASK = "Found vars in model but not guide", tensor([True, False, True])
ROW_NOISE = None, 0.05, True  # no warning, the precision, has_random_rows
MIXED: Params = {"loc": (tensor(0.3), REAL), "shift": (tensor(-0.4), REAL)}
PROBLEMS = {
    "normal": Problem(normal_model, normal_guide, LOC_SCALE, normal_exact),
    "normal, score function": Problem(normal_model, lambda: normal_guide(ScoreNormal), LOC_SCALE, normal_exact),
    "scaled": Problem(poutine.scale(normal_model, 3.0), poutine.scale(normal_guide, 3.0), LOC_SCALE, scaled_exact),
    "scaled, score function": Problem(poutine.scale(normal_model, 3.0),
                                      poutine.scale(lambda: normal_guide(ScoreNormal), 3.0), LOC_SCALE, scaled_exact,
                                      precision=0.05),
    "data masked": Problem(half_observed_model, normal_guide, LOC_SCALE, half_observed_exact),
    "data subsampled": Problem(subsampled_model, normal_guide, LOC_SCALE, normal_exact, *ROW_NOISE),
    "data subsampled, score function": Problem(
        subsampled_model, lambda: normal_guide(ScoreNormal), LOC_SCALE, normal_exact, *ROW_NOISE),
    "data by condition": Problem(
        poutine.condition(conditioned_model, {"x": DATA}), normal_guide, LOC_SCALE, normal_exact),
    "factor, pathwise": Problem(normal_model, lambda: factored_guide(True), LOC_SCALE, normal_exact),
    "factor, score function": Problem(normal_model, lambda: factored_guide(False), LOC_SCALE, normal_exact),
    "auxiliary": Problem(normal_model, lambda: auxiliary_guide(dist.Normal), LOC_SCALE, auxiliary_exact),
    "auxiliary, score function": Problem(
        normal_model, lambda: auxiliary_guide(ScoreNormal), LOC_SCALE, auxiliary_exact),
    "beta-bernoulli": Problem(
        beta_bernoulli_model, lambda: pyro.sample("p", dist.Beta(pyro.param("a"), pyro.param("b"))), POSITIVE_PAIR,
        beta_exact),
    "gamma-poisson": Problem(lambda: gamma_model(dist.Poisson), gamma_guide, POSITIVE_PAIR, gamma_poisson_exact),
    "gamma-exponential": Problem(
        lambda: gamma_model(dist.Exponential), gamma_guide, POSITIVE_PAIR, gamma_exponential_exact),
    "mixed": Problem(mixed_model, mixed_guide, MIXED, mixed_exact),
    "prior site below a pathwise one": Problem(
        mixed_model, prior_site_guide, {"loc": (tensor(0.3), REAL)}, prior_site_exact, PRIOR),
    "discrete": Problem(coins_model, coins_guide, COINS),
    "discrete, masked": Problem(lambda: coins_model(MASK), lambda: coins_guide(MASK), COINS),
    "discrete, prior masked": Problem(lambda: masked_coins_model(MASK), lambda: masked_coins_guide(MASK),
                                      {"p_y": COINS["p_y"]}),
    "discrete, prior masked away": Problem(lambda: masked_coins_model(False), lambda: masked_coins_guide(False),
                                           {"p_y": COINS["p_y"]}),
    "discrete, scaled": Problem(lambda: coins_model(True, 3.0), lambda: coins_guide(True, 3.0), COINS),
    "nested plates": Problem(nested_model, nested_guide, NESTED),
    "loops": Problem(sequential_model, sequential_guide, PARTLY),
    "site by condition": Problem(poutine.condition(chain_model, {"b": tensor(1.0)}), prior_only_guide,
                                 {"p_a": PARTLY["p_a"]}),
    "site by intervention": Problem(poutine.do(chain_model, {"a": 1.0}), chain_guide,
                                    {"p_a": PARTLY["p_a"], "p_b": (tensor(0.6), UNIT)}, intervened_exact),
    "random rows": Problem(rows_model, rows_guide, ROWS, rows_exact, *ROW_NOISE),
    "random outer rows": Problem(lambda: rows_model(2, 3), lambda: rows_guide(2, 3), ROWS, rows_exact, *ROW_NOISE),
}
