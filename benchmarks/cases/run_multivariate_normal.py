"""Linear regression with 50 and with 500 coefficients under ``AutoMultivariateNormal``, compiled; 1,000 rows."""

from functools import partial
from typing import Any

from benchmarks.case import Case, Limit, Peer, Program
from benchmarks.data import linear
from benchmarks.pyro_run import Inference, by_run, by_step

ROWS = 1_000
RATE = 0.001


def inference(columns: int) -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor

    import pyro
    import pyro.distributions as dist
    from benchmarks.torch_run import torch_tensor
    from pyro.infer import SVI, Trace_ELBO, autoguide
    from pyro.optim import Adam

    def model(features: Tensor, targets: Tensor) -> None:
        weights = pyro.sample("weights", dist.Normal(torch.zeros(columns), 1.0).to_event(1))
        with pyro.plate("rows", ROWS):
            pyro.sample("obs", dist.Normal(features @ weights, 0.5), obs=targets)

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    features, targets = (torch_tensor(table) for table in linear(ROWS, columns))
    svi = SVI(model, autoguide.AutoMultivariateNormal(model), Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, (features, targets))


def with_numpyro(columns: int) -> Program:
    """The same model in NumPyro."""
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from numpyro.infer import SVI, Trace_ELBO, autoguide  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import jax_array, svi_program

    def model(features: Any, targets: Any) -> None:
        weights = numpyro.sample("weights", dist.Normal(0.0, 1.0).expand([columns]).to_event(1))
        with numpyro.plate("rows", ROWS):
            numpyro.sample("obs", dist.Normal(features @ weights, 0.5), obs=targets)

    guide = autoguide.AutoMultivariateNormal(model)
    svi = SVI(model, guide, numpyro.optim.Adam(RATE), Trace_ELBO())
    return svi_program(svi, *(jax_array(table) for table in linear(ROWS, columns)))


CASE = Case(
    "run_multivariate_normal",
    "linear regression, 1,000 rows, 50 and 500 coefficients, `AutoMultivariateNormal`, one `svi.run` a block",
    {
        f"{library} {columns}": peer
        for columns in (50, 500)
        for library, peer in (
            ("flashover", Peer("dev", by_run(partial(inference, columns)))),
            ("numpyro", Peer("npr", partial(with_numpyro, columns))),
            ("upstream", Peer("upstream", by_step(partial(inference, columns)))),
        )
    },
    tuple(
        Limit(f"flashover {columns}", f"{library} {columns}", at_most)
        for columns in (50, 500)
        for library, at_most in (("numpyro", 0.8), ("upstream", 1 / 3))
    ),
)
