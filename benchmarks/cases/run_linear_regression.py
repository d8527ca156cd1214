"""Bayesian linear regression on 1,000,000 rows, 256 of them drawn anew for each step, compiled.

What a step costs must not depend on how many rows there are.
"""

from benchmarks.case import Case, Limit, Peer, Program
from benchmarks.data import linear
from benchmarks.pyro_run import Inference, by_run, by_step

BATCH = 256
RATE = 0.01


def inference(rows: int = 1_000_000) -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor
    from torch.distributions import constraints

    import pyro
    import pyro.distributions as dist
    from benchmarks.torch_run import torch_tensor
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    def model(features: Tensor, targets: Tensor) -> None:
        rows, columns = features.shape
        weights = pyro.sample("weights", dist.Normal(torch.zeros(columns), torch.ones(columns)).to_event(1))
        bias = pyro.sample("bias", dist.Normal(0.0, 1.0))
        noise = pyro.sample("noise", dist.LogNormal(0.0, 1.0))
        with pyro.plate("data", rows, subsample_size=BATCH) as index:
            pyro.sample("obs", dist.Normal(features[index] @ weights + bias, noise), obs=targets[index])

    def guide(features: Tensor, targets: Tensor) -> None:
        columns = features.shape[-1]
        weights_loc = pyro.param("weights_loc", torch.zeros(columns))
        weights_scale = pyro.param("weights_scale", torch.full((columns,), 0.1), constraint=constraints.positive)
        bias_loc = pyro.param("bias_loc", torch.tensor(0.0))
        bias_scale = pyro.param("bias_scale", torch.tensor(0.1), constraint=constraints.positive)
        noise_loc = pyro.param("noise_loc", torch.tensor(0.0))
        noise_scale = pyro.param("noise_scale", torch.tensor(0.1), constraint=constraints.positive)
        pyro.sample("weights", dist.Normal(weights_loc, weights_scale).to_event(1))
        pyro.sample("bias", dist.Normal(bias_loc, bias_scale))
        pyro.sample("noise", dist.LogNormal(noise_loc, noise_scale))

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    data = tuple(torch_tensor(table) for table in linear(rows))
    svi = SVI(model, guide, Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, data)


def with_numpyro() -> Program:
    """The same model in NumPyro."""
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from jax import Array
    from numpyro.infer import SVI, Trace_ELBO  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import jax_array, svi_program

    positive = dist.constraints.positive

    def model(features: Array, targets: Array) -> None:
        rows, columns = features.shape
        weights = numpyro.sample("weights", dist.Normal(jnp.zeros(columns), jnp.ones(columns)).to_event(1))
        bias = numpyro.sample("bias", dist.Normal(0.0, 1.0))
        noise = numpyro.sample("noise", dist.LogNormal(0.0, 1.0))
        with numpyro.plate("data", rows, subsample_size=BATCH) as index:
            numpyro.sample("obs", dist.Normal(features[index] @ weights + bias, noise), obs=targets[index])

    def guide(features: Array, targets: Array) -> None:
        columns = features.shape[-1]
        weights_loc = numpyro.param("weights_loc", jnp.zeros(columns))
        weights_scale = numpyro.param("weights_scale", jnp.full((columns,), 0.1), constraint=positive)
        bias_loc = numpyro.param("bias_loc", 0.0)
        bias_scale = numpyro.param("bias_scale", 0.1, constraint=positive)
        noise_loc = numpyro.param("noise_loc", 0.0)
        noise_scale = numpyro.param("noise_scale", 0.1, constraint=positive)
        numpyro.sample("weights", dist.Normal(weights_loc, weights_scale).to_event(1))
        numpyro.sample("bias", dist.Normal(bias_loc, bias_scale))
        numpyro.sample("noise", dist.LogNormal(noise_loc, noise_scale))

    data = [jax_array(table) for table in linear()]
    return svi_program(SVI(model, guide, numpyro.optim.Adam(RATE), Trace_ELBO()), *data)


CASE = Case(
    "run_linear_regression",
    "1,000,000 rows x 10, batches of 256 by subsampling, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(inference)),
        "numpyro svi.run": Peer("npr", with_numpyro),
        "upstream svi.step": Peer("upstream", by_step(inference)),
    },
    (Limit("flashover", "numpyro svi.run", 0.1), Limit("flashover", "upstream svi.step", 1 / 200)),
)
