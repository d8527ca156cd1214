"""Problems of a model with a site that is observed in part, by ``obs_mask``.

What the guide draws in place of an observed element goes nowhere, so the exact loss is that of programs without it.
"""

from torch import Tensor, tensor
from torch.distributions import kl_divergence

import pyro
import pyro.distributions as dist
from pyro import poutine
from tests.infer.enumeration import enumerated_loss
from tests.infer.problems import (
    DATA,
    PARTLY,
    POSITIVE,
    PRIOR,
    REAL,
    UNIT,
    Problem,
    gaussian_cost,
    prior_only_guide,
)


def partly_observed_model() -> None:
    a = pyro.sample("a", dist.Bernoulli(0.3))
    with pyro.plate("rows", 3):
        y = pyro.sample("y", dist.Bernoulli(0.2 + 0.5 * a), obs=tensor([1.0, 0.0, 1.0]),
                        obs_mask=tensor([True, False, False]))
        pyro.sample("x", dist.Normal(y, 1.0), obs=DATA)


def partly_observed_guide(mask: bool | Tensor = True) -> None:
    pyro.sample("a", dist.Bernoulli(pyro.param("p_a")))
    with pyro.plate("rows", 3), poutine.mask(mask=mask):
        pyro.sample("y_unobserved", dist.Bernoulli(pyro.param("p_y")))


def written_out_model() -> None:
    """The partly observed model, with a site for each element."""
    a = pyro.sample("a", dist.Bernoulli(0.3))
    pyro.sample("y_0", dist.Bernoulli(0.2 + 0.5 * a), obs=tensor(1.0))
    pyro.sample("x_0", dist.Normal(1.0, 1.0), obs=DATA[0])
    for i in (1, 2):
        y = pyro.sample(f"y_{i}", dist.Bernoulli(0.2 + 0.5 * a))
        pyro.sample(f"x_{i}", dist.Normal(y, 1.0), obs=DATA[i])


def partly_observed_exact(p_a: Tensor, p_y: Tensor | None = None) -> Tensor:
    """The loss in which what the guide draws in place of an observed element does not exist."""

    def guide() -> None:
        a = pyro.sample("a", dist.Bernoulli(p_a))
        for i in (1, 2):
            pyro.sample(f"y_{i}", dist.Bernoulli(0.2 + 0.5 * a if p_y is None else p_y.expand(3)[i]))

    return enumerated_loss(written_out_model, guide)


def partly_observed_reals() -> None:
    a = pyro.sample("a", dist.Normal(0.0, 1.0))
    with pyro.plate("rows", 3):
        y = pyro.sample("y", dist.Normal(a, 1.0), obs=tensor([1.0, 0.0, 0.0]),
                        obs_mask=tensor([True, False, False]))
        pyro.sample("x", dist.Normal(y, 1.0), obs=DATA)


def partly_observed_reals_guide() -> None:
    pyro.sample("a", dist.Normal(pyro.param("loc"), 0.7))
    with pyro.plate("rows", 3):
        pyro.sample("y_unobserved", dist.Normal(pyro.param("y_loc"), pyro.param("scale")))


def partly_observed_reals_exact(loc: Tensor, y_loc: Tensor, scale: Tensor) -> Tensor:
    prior = kl_divergence(dist.Normal(loc, 0.7), dist.Normal(0.0, 1.0))
    latent = y_loc.expand(3)[1:]
    observed = gaussian_cost(loc, 0.49, 1.0) + gaussian_cost(tensor(1.0), 0.0, DATA[0])
    local = gaussian_cost(latent - loc, scale**2 + 0.49, 0.0) - dist.Normal(0.0, scale).entropy()
    return prior + observed + (local + gaussian_cost(latent, scale**2, DATA[1:])).sum()


PARTLY_OBSERVED = {
    "partly observed": Problem(partly_observed_model, partly_observed_guide, PARTLY, partly_observed_exact),
    "partly observed, guide masked": Problem(
        partly_observed_model, lambda: partly_observed_guide(tensor([False, True, True])), PARTLY,
        partly_observed_exact),
    "partly observed, one parameter": Problem(
        partly_observed_model, partly_observed_guide, {"p_a": PARTLY["p_a"], "p_y": (tensor(0.7), UNIT)},
        partly_observed_exact),
    "partly observed, from the prior": Problem(
        partly_observed_model, prior_only_guide, {"p_a": PARTLY["p_a"]}, partly_observed_exact, PRIOR),
    "partly observed, pathwise": Problem(
        partly_observed_reals, partly_observed_reals_guide,
        {"loc": (tensor(0.3), REAL), "y_loc": (tensor([0.5]), REAL), "scale": (tensor(0.6), POSITIVE)},
        partly_observed_reals_exact),
}
