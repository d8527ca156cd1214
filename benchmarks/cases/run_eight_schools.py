"""Eight schools, not centred, with a Normal guide written by hand, compiled.

The school effects are ``mu + exp(log_tau) * eta``; guide and priors of ``mu``, ``log_tau`` and ``eta`` are Normal.
"""

from typing import Any

from benchmarks.case import Case, Limit, Peer, Program
from benchmarks.cases.eight_schools import EFFECTS, ERRORS, RATE
from benchmarks.pyro_run import Inference, by_run, by_step


def inference(loss: Any = None) -> Inference:
    """The model in the language, for flashover and for upstream; the loss is ``Trace_ELBO()`` unless given."""
    import torch
    from torch import Tensor
    from torch.distributions import constraints

    import pyro
    import pyro.distributions as dist
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    def model(effects: Tensor, errors: Tensor) -> None:
        mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
        log_tau = pyro.sample("log_tau", dist.Normal(0.0, 1.0))
        with pyro.plate("schools", 8):
            eta = pyro.sample("eta", dist.Normal(0.0, 1.0))
            pyro.sample("obs", dist.Normal(mu + log_tau.exp() * eta, errors), obs=effects)

    def guide(effects: Tensor, errors: Tensor) -> None:
        mu_loc = pyro.param("mu_loc", torch.tensor(0.0))
        mu_scale = pyro.param("mu_scale", torch.tensor(1.0), constraint=constraints.positive)
        log_tau_loc = pyro.param("log_tau_loc", torch.tensor(0.0))
        log_tau_scale = pyro.param("log_tau_scale", torch.tensor(1.0), constraint=constraints.positive)
        eta_loc = pyro.param("eta_loc", torch.zeros(8))
        eta_scale = pyro.param("eta_scale", torch.ones(8), constraint=constraints.positive)
        pyro.sample("mu", dist.Normal(mu_loc, mu_scale))
        pyro.sample("log_tau", dist.Normal(log_tau_loc, log_tau_scale))
        with pyro.plate("schools", 8):
            pyro.sample("eta", dist.Normal(eta_loc, eta_scale))

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    svi = SVI(model, guide, Adam({"lr": RATE}), loss=loss or Trace_ELBO())
    return Inference(svi, (torch.tensor(EFFECTS), torch.tensor(ERRORS)))


def with_numpyro(loss: str = "Trace_ELBO", **options: Any) -> Program:
    """The same model in NumPyro; the loss is a class of ``numpyro.infer``."""
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from numpyro import infer

    from benchmarks.numpyro_run import svi_program

    effects, errors = jnp.array(EFFECTS), jnp.array(ERRORS)
    positive = dist.constraints.positive

    def model() -> None:
        mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
        log_tau = numpyro.sample("log_tau", dist.Normal(0.0, 1.0))
        with numpyro.plate("schools", 8):
            eta = numpyro.sample("eta", dist.Normal(0.0, 1.0))
            numpyro.sample("obs", dist.Normal(mu + jnp.exp(log_tau) * eta, errors), obs=effects)

    def guide() -> None:
        mu_loc = numpyro.param("mu_loc", 0.0)
        mu_scale = numpyro.param("mu_scale", 1.0, constraint=positive)
        log_tau_loc = numpyro.param("log_tau_loc", 0.0)
        log_tau_scale = numpyro.param("log_tau_scale", 1.0, constraint=positive)
        eta_loc = numpyro.param("eta_loc", jnp.zeros(8))
        eta_scale = numpyro.param("eta_scale", jnp.ones(8), constraint=positive)
        numpyro.sample("mu", dist.Normal(mu_loc, mu_scale))
        numpyro.sample("log_tau", dist.Normal(log_tau_loc, log_tau_scale))
        with numpyro.plate("schools", 8):
            numpyro.sample("eta", dist.Normal(eta_loc, eta_scale))

    return svi_program(infer.SVI(model, guide, numpyro.optim.Adam(RATE), getattr(infer, loss)(**options)))


CASE = Case(
    "run_eight_schools",
    "not centred, hand-written Normal guide, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(inference)),
        "numpyro svi.run": Peer("npr", with_numpyro),
        "upstream svi.step": Peer("upstream", by_step(inference)),
    },
    (Limit("flashover", "numpyro svi.run", 0.1), Limit("flashover", "upstream svi.step", 1 / 4000)),
)
