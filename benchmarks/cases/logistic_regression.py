"""Bayesian logistic regression, 50,000 x 54, full batch, mean-field Normal guide. Bound by memory traffic.

There is no separate intercept: the indicator columns of the data span it.
"""

from benchmarks.case import Case, Limit, Peer, Program, repeat
from benchmarks.data import covertype_like
from benchmarks.pyro_run import Inference, by_step

RATE = 0.01


def inference(device: str = "cpu") -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor
    from torch.distributions import constraints

    import pyro
    import pyro.distributions as dist
    from benchmarks.torch_run import torch_tensor
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    def model(features: Tensor, labels: Tensor) -> None:
        rows, columns = features.shape
        loc, scale = torch.zeros(columns, device=device), torch.ones(columns, device=device)
        weights = pyro.sample("weights", dist.Normal(loc, scale).to_event(1))
        with pyro.plate("data", rows):
            pyro.sample("obs", dist.Bernoulli(logits=features @ weights), obs=labels)

    def guide(features: Tensor, labels: Tensor) -> None:
        columns = features.shape[-1]
        loc = pyro.param("loc", torch.zeros(columns, device=device))
        start = torch.full((columns,), 0.1, device=device)
        scale = pyro.param("scale", start, constraint=constraints.positive)
        pyro.sample("weights", dist.Normal(loc, scale).to_event(1))

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    data = tuple(torch_tensor(table, device) for table in covertype_like())
    svi = SVI(model, guide, Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, data)


def with_torch(device: str = "cpu") -> Program:
    """The same mathematics written by hand."""
    import torch
    from torch.distributions import Bernoulli, Distribution, Independent, Normal

    from benchmarks.torch_run import descend, torch_tensor

    torch.manual_seed(0)
    features, labels = (torch_tensor(table, device) for table in covertype_like())
    columns = features.shape[-1]
    loc = torch.zeros(columns, device=device).requires_grad_()
    log_scale = torch.full((columns,), 0.1, device=device).log().requires_grad_()
    optimizer = torch.optim.Adam([loc, log_scale], lr=RATE)

    def step() -> float:
        guide: Distribution = Independent(Normal(loc, log_scale.exp()), 1)
        weights = guide.rsample()
        prior_loc, prior_scale = torch.zeros(columns, device=device), torch.ones(columns, device=device)
        prior: Distribution = Independent(Normal(prior_loc, prior_scale), 1)
        likelihood: Distribution = Bernoulli(logits=features @ weights)
        loss = guide.log_prob(weights) - prior.log_prob(weights) - likelihood.log_prob(labels).sum()
        return descend(optimizer, loss)

    return repeat(step)


def with_numpyro() -> Program:
    """The same model in NumPyro."""
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from jax import Array
    from numpyro.infer import SVI, Trace_ELBO  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import jax_array, svi_program

    def model(features: Array, labels: Array) -> None:
        rows, columns = features.shape
        weights = numpyro.sample("weights", dist.Normal(jnp.zeros(columns), jnp.ones(columns)).to_event(1))
        with numpyro.plate("data", rows):
            numpyro.sample("obs", dist.Bernoulli(logits=features @ weights), obs=labels)

    def guide(features: Array, labels: Array) -> None:
        columns = features.shape[-1]
        loc = numpyro.param("loc", jnp.zeros(columns))
        scale = numpyro.param("scale", jnp.full((columns,), 0.1), constraint=dist.constraints.positive)
        numpyro.sample("weights", dist.Normal(loc, scale).to_event(1))

    data = [jax_array(table) for table in covertype_like()]
    return svi_program(SVI(model, guide, numpyro.optim.Adam(RATE), Trace_ELBO()), *data)


CASE = Case(
    "logistic_regression",
    "50,000 x 54, full batch, mean-field Normal guide, eager `svi.step`, validation on",
    {
        "flashover": Peer("dev", by_step(inference)),
        "upstream": Peer("upstream", by_step(inference)),
        "torch by hand": Peer("dev", with_torch),
        "numpyro svi.run": Peer("npr", with_numpyro),
    },
    (Limit("flashover", "upstream", 1.0),),
)
