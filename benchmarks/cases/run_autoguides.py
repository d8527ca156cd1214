"""Eight schools with each automatic guide, compiled: the centred hierarchy of ``eight_schools``.

The flows have one hidden layer of 31 units, as NumPyro's and upstream's have by default here.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from benchmarks.case import Case, Limit, Peer, Program
from benchmarks.cases.eight_schools import EFFECTS, ERRORS, RATE
from benchmarks.pyro_run import Inference, by_run, by_step

GUIDES = ("AutoDelta", "AutoNormal", "AutoDiagonalNormal", "AutoMultivariateNormal", "AutoLowRankMultivariateNormal",
          "AutoIAFNormal", "AutoLaplaceApproximation", "AutoBNAFNormal")
NOT_UPSTREAMS = ("AutoBNAFNormal",)
NUMPYRO_OPTIONS: Mapping[str, Mapping[str, Any]] = {"AutoIAFNormal": {"num_flows": 1, "hidden_dims": [31]}}


def inference(guide_name: str) -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor

    import pyro
    import pyro.distributions as dist
    from pyro.infer import SVI, Trace_ELBO, autoguide
    from pyro.optim import Adam

    def model(effects: Tensor, errors: Tensor) -> None:
        mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
        tau = pyro.sample("tau", dist.HalfCauchy(5.0))
        with pyro.plate("schools", 8):
            theta = pyro.sample("theta", dist.Normal(mu, tau))
            pyro.sample("obs", dist.Normal(theta, errors), obs=effects)

    pyro.enable_validation(True)
    pyro.clear_param_store()
    pyro.set_rng_seed(0)
    svi = SVI(model, getattr(autoguide, guide_name)(model), Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, (torch.tensor(EFFECTS), torch.tensor(ERRORS)))


def with_numpyro(guide_name: str) -> Program:
    """The same model and guide in NumPyro."""
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from numpyro.infer import SVI, Trace_ELBO, autoguide  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import svi_program

    def model(effects: Any, errors: Any) -> None:
        mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
        tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
        with numpyro.plate("schools", 8):
            theta = numpyro.sample("theta", dist.Normal(mu, tau))
            numpyro.sample("obs", dist.Normal(theta, errors), obs=effects)

    guide = getattr(autoguide, guide_name)(model, **NUMPYRO_OPTIONS.get(guide_name, {}))
    svi = SVI(model, guide, numpyro.optim.Adam(RATE), Trace_ELBO())
    return svi_program(svi, jnp.array(EFFECTS), jnp.array(ERRORS))


def _peers() -> dict[str, Peer]:
    """Each guide's programs. Parameters are the process's own, so each of upstream's and ours has one to itself."""
    peers = {}
    for name in GUIDES:
        ours: Callable[[], Inference] = partial(inference, name)
        peers[f"flashover {name}"] = Peer("dev", by_run(ours))
        peers[f"numpyro {name}"] = Peer("npr", partial(with_numpyro, name), process="numpyro")
        if name not in NOT_UPSTREAMS:
            peers[f"upstream {name}"] = Peer("upstream", by_step(ours))
    return peers


CASE = Case(
    "run_autoguides",
    "each automatic guide, one `svi.run` a block",
    _peers(),
    tuple(limit for name in GUIDES for limit in (
        Limit(f"flashover {name}", f"numpyro {name}", 0.2),
        *([] if name in NOT_UPSTREAMS else [Limit(f"flashover {name}", f"upstream {name}", 1 / 1000)]))),
)
