"""Hierarchical regression, 1,000 groups and 20,000 rows, compiled: an intercept for each group, a common slope."""

from benchmarks.case import Case, Limit, Peer, Program
from benchmarks.data import grouped
from benchmarks.pyro_run import Inference, by_run, by_step

GROUPS = 1_000
RATE = 0.01
FAMILIES = (("mean", "Normal"), ("spread", "LogNormal"), ("slope", "Normal"), ("noise", "LogNormal"))  # of the guide


def inference() -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor
    from torch.distributions import constraints

    import pyro
    import pyro.distributions as dist
    from benchmarks.torch_run import torch_tensor
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    def model(group: Tensor, feature: Tensor, target: Tensor) -> None:
        mean = pyro.sample("mean", dist.Normal(0.0, 1.0))
        spread = pyro.sample("spread", dist.HalfNormal(1.0))
        slope = pyro.sample("slope", dist.Normal(0.0, 1.0))
        noise = pyro.sample("noise", dist.HalfNormal(1.0))
        with pyro.plate("groups", GROUPS):
            intercept = pyro.sample("intercept", dist.Normal(mean, spread))
        with pyro.plate("rows", len(target)):
            pyro.sample("obs", dist.Normal(intercept[group] + slope * feature, noise), obs=target)

    def guide(group: Tensor, feature: Tensor, target: Tensor) -> None:
        for name, family in FAMILIES:
            loc = pyro.param(f"{name}_loc", torch.tensor(0.0))
            scale = pyro.param(f"{name}_scale", torch.tensor(0.1), constraint=constraints.positive)
            pyro.sample(name, getattr(dist, family)(loc, scale))
        loc = pyro.param("intercept_loc", torch.zeros(GROUPS))
        scale = pyro.param("intercept_scale", torch.full((GROUPS,), 0.1), constraint=constraints.positive)
        with pyro.plate("groups", GROUPS):
            pyro.sample("intercept", dist.Normal(loc, scale))

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    group, feature, target = (torch_tensor(table) for table in grouped(GROUPS))
    svi = SVI(model, guide, Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, (group.long(), feature, target))


def with_numpyro() -> Program:
    """The same model in NumPyro."""
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from jax import Array
    from numpyro.infer import SVI, Trace_ELBO  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import jax_array, svi_program

    positive = dist.constraints.positive

    def model(group: Array, feature: Array, target: Array) -> None:
        mean = numpyro.sample("mean", dist.Normal(0.0, 1.0))
        spread = numpyro.sample("spread", dist.HalfNormal(1.0))
        slope = numpyro.sample("slope", dist.Normal(0.0, 1.0))
        noise = numpyro.sample("noise", dist.HalfNormal(1.0))
        with numpyro.plate("groups", GROUPS):
            intercept = numpyro.sample("intercept", dist.Normal(mean, spread))
        with numpyro.plate("rows", len(target)):
            numpyro.sample("obs", dist.Normal(intercept[group] + slope * feature, noise), obs=target)

    def guide(group: Array, feature: Array, target: Array) -> None:
        for name, family in FAMILIES:
            loc = numpyro.param(f"{name}_loc", 0.0)
            scale = numpyro.param(f"{name}_scale", 0.1, constraint=positive)
            numpyro.sample(name, getattr(dist, family)(loc, scale))
        loc = numpyro.param("intercept_loc", jnp.zeros(GROUPS))
        scale = numpyro.param("intercept_scale", jnp.full((GROUPS,), 0.1), constraint=positive)
        with numpyro.plate("groups", GROUPS):
            numpyro.sample("intercept", dist.Normal(loc, scale))

    group, feature, target = (jax_array(table) for table in grouped(GROUPS))
    svi = SVI(model, guide, numpyro.optim.Adam(RATE), Trace_ELBO())
    return svi_program(svi, group.astype(jnp.int32), feature, target)


CASE = Case(
    "run_hierarchical",
    "1,000 groups, 20,000 rows, mean-field guide, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(inference)),
        "numpyro svi.run": Peer("npr", with_numpyro),
        "upstream svi.step": Peer("upstream", by_step(inference)),
    },
    (Limit("flashover", "numpyro svi.run", 0.5), Limit("flashover", "upstream svi.step", 1 / 20)),
)
