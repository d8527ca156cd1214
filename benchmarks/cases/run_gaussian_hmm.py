"""A linear Gaussian state space model with two states and 10,000 steps, compiled: point estimates of its parameters."""

from benchmarks.case import Case, Limit, Peer
from benchmarks.pyro_run import Inference, by_run, by_step

STEPS = 10_000
STATES = 2


def inference() -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor
    from torch.distributions import constraints

    import pyro
    import pyro.distributions as dist
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    def model(series: Tensor) -> None:
        transition = pyro.param("transition", 0.9 * torch.eye(STATES))
        walk = pyro.param("walk", torch.ones(STATES), constraint=constraints.positive)
        loading = pyro.param("loading", torch.tensor([[1.0], [0.5]]))
        noise = pyro.param("noise", torch.ones(1), constraint=constraints.positive)
        start = dist.MultivariateNormal(torch.zeros(STATES), torch.eye(STATES))
        steps = dist.MultivariateNormal(torch.zeros(STATES), walk.diag())
        errors = dist.Normal(torch.zeros(1), noise).to_event(1)
        hmm = dist.GaussianHMM(start, transition, steps, loading, errors, duration=STEPS)
        pyro.sample("series", hmm, obs=series)

    def guide(series: Tensor) -> None:
        pass

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    wave = torch.sin(0.05 * torch.arange(STEPS)) + 0.5 * torch.sin(0.31 * torch.arange(STEPS))
    series = (wave + 0.5 * torch.randn(STEPS)).unsqueeze(-1)
    return Inference(SVI(model, guide, Adam({"lr": 0.001}), loss=Trace_ELBO()), (series,))


CASE = Case(
    "run_gaussian_hmm",
    "`GaussianHMM` of 2 states and 10,000 steps, gradients of all parameters, one `svi.run` a block",
    {"flashover": Peer("dev", by_run(inference)), "upstream svi.step": Peer("upstream", by_step(inference))},
    (Limit("flashover", "upstream svi.step", 0.7),),
)
