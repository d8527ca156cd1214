"""A thousand latent variables with each automatic guide, compiled: a hierarchical regression, 1,000 groups of 20 rows.

The guides over batches of vectors have a model of their own, without what the groups share: 500 groups, an intercept
and a slope in each of them.
"""

from collections.abc import Mapping
from typing import Any

from benchmarks.case import Case, Program
from benchmarks.data import panels
from benchmarks.guides import BATCHED, GUIDES, guide, guide_limits, guide_peers, numpyro_guide
from benchmarks.pyro_run import Inference

ROWS, GROUPS = 20, 1_000
SEPARATE_GROUPS = 500  # with two latent variables in each
RATE = 0.001
SMALL_STEPS: Mapping[str, Any] = {"eta_init": 1e-4, "eta_max": 1e-3}  # larger ones diverge on 20,000 rows
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "AutoIAFNormal": {"hidden_dim": [1_004]},
    "AutoBNAFNormal": {"hidden_factors": [2, 2]},
    "AutoStructured": {"conditionals": "normal"},
    "AutoDAIS": SMALL_STEPS,
    "AutoSurrogateLikelihoodDAIS": SMALL_STEPS,
}
NUMPYRO_OPTIONS = {**OPTIONS, "AutoIAFNormal": {"num_flows": 1, "hidden_dims": [1_004]}}


def inference(guide_name: str) -> Inference:
    """The model in the language, for flashover and for upstream."""
    from torch import Tensor

    import pyro
    import pyro.distributions as dist
    from benchmarks.torch_run import torch_tensor
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    def model(features: Tensor, targets: Tensor) -> None:
        mean = pyro.sample("mean", dist.Normal(0.0, 1.0))
        spread = pyro.sample("spread", dist.HalfNormal(1.0))
        slope = pyro.sample("slope", dist.Normal(0.0, 1.0))
        noise = pyro.sample("noise", dist.HalfNormal(1.0))
        with pyro.plate("groups", GROUPS, dim=-1):
            intercept = pyro.sample("intercept", dist.Normal(mean, spread))
            with pyro.plate("rows", ROWS, dim=-2):
                pyro.sample("obs", dist.Normal(intercept + slope * features, noise), obs=targets)

    def separate(features: Tensor, targets: Tensor) -> None:
        with pyro.plate("groups", SEPARATE_GROUPS, dim=-1):
            intercept = pyro.sample("intercept", dist.Normal(0.0, 1.0))
            slope = pyro.sample("slope", dist.Normal(0.0, 1.0))
            with pyro.plate("rows", ROWS, dim=-2):
                pyro.sample("obs", dist.Normal(intercept + slope * features, 0.5), obs=targets)

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    chosen, groups = (separate, SEPARATE_GROUPS) if guide_name in BATCHED else (model, GROUPS)
    features, targets = (torch_tensor(table) for table in panels(ROWS, groups))
    svi = SVI(chosen, guide(guide_name, chosen, OPTIONS), Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, (features, targets))


def with_numpyro(guide_name: str) -> Program:
    """The same model and guide in NumPyro."""
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from numpyro.infer import SVI, Trace_ELBO  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import jax_array, svi_program

    def model(features: Any, targets: Any) -> None:
        mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
        spread = numpyro.sample("spread", dist.HalfNormal(1.0))
        slope = numpyro.sample("slope", dist.Normal(0.0, 1.0))
        noise = numpyro.sample("noise", dist.HalfNormal(1.0))
        with numpyro.plate("groups", GROUPS, dim=-1):
            intercept = numpyro.sample("intercept", dist.Normal(mean, spread))
            with numpyro.plate("rows", ROWS, dim=-2):
                numpyro.sample("obs", dist.Normal(intercept + slope * features, noise), obs=targets)

    def separate(features: Any, targets: Any) -> None:
        with numpyro.plate("groups", SEPARATE_GROUPS, dim=-1):
            intercept = numpyro.sample("intercept", dist.Normal(0.0, 1.0))
            slope = numpyro.sample("slope", dist.Normal(0.0, 1.0))
            with numpyro.plate("rows", ROWS, dim=-2):
                numpyro.sample("obs", dist.Normal(intercept + slope * features, 0.5), obs=targets)

    chosen, groups = (separate, SEPARATE_GROUPS) if guide_name in BATCHED else (model, GROUPS)
    data = [jax_array(table) for table in panels(ROWS, groups)]
    made = numpyro_guide(guide_name, chosen, data, NUMPYRO_OPTIONS)
    return svi_program(SVI(chosen, made, numpyro.optim.Adam(RATE), Trace_ELBO()), *data)


TOO_SLOW = "numpyro AutoBNAFNormal"  # at this size a quarter of an hour is not enough to set it up
PEERS = {
    name: peer for name, peer in guide_peers((*GUIDES, *BATCHED), inference, with_numpyro).items() if name != TOO_SLOW
}

CASE = Case(
    "run_hierarchical_autoguides",
    "1,000 groups, 20,000 rows, each automatic guide, one `svi.run` a block",
    PEERS,
    guide_limits(PEERS, of_numpyro=0.8, of_upstream=1 / 3),
)
