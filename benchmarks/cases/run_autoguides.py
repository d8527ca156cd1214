"""Eight schools with each automatic guide, compiled: the model of ``run_eight_schools``.

The autoregressive flow has one hidden layer of 31 units, as upstream's has by default here.
"""

from collections.abc import Mapping
from typing import Any

from benchmarks.case import Case, Program
from benchmarks.cases.eight_schools import EFFECTS, ERRORS, RATE
from benchmarks.guides import GUIDES, guide, guide_limits, guide_peers, numpyro_guide
from benchmarks.pyro_run import Inference

NUMPYRO_OPTIONS: Mapping[str, Mapping[str, Any]] = {"AutoIAFNormal": {"num_flows": 1, "hidden_dims": [31]}}


def inference(guide_name: str) -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor

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

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    svi = SVI(model, guide(guide_name, model, {}), Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, (torch.tensor(EFFECTS), torch.tensor(ERRORS)))


def with_numpyro(guide_name: str) -> Program:
    """The same model and guide in NumPyro."""
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from numpyro.infer import SVI, Trace_ELBO  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import svi_program

    def model(effects: Any, errors: Any) -> None:
        mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
        log_tau = numpyro.sample("log_tau", dist.Normal(0.0, 1.0))
        with numpyro.plate("schools", 8):
            eta = numpyro.sample("eta", dist.Normal(0.0, 1.0))
            numpyro.sample("obs", dist.Normal(mu + jnp.exp(log_tau) * eta, errors), obs=effects)

    data = jnp.array(EFFECTS), jnp.array(ERRORS)
    made = numpyro_guide(guide_name, model, data, NUMPYRO_OPTIONS)
    return svi_program(SVI(model, made, numpyro.optim.Adam(RATE), Trace_ELBO()), *data)


PEERS = guide_peers(GUIDES, inference, with_numpyro)

CASE = Case(
    "run_autoguides",
    "eight schools with each automatic guide, one `svi.run` a block",
    PEERS,
    guide_limits(PEERS, of_numpyro=0.2, of_upstream=1 / 1000),
)
