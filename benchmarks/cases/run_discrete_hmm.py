"""A hidden Markov model with four states and 10,000 steps, compiled: point estimates of all of its parameters."""

from benchmarks.case import Case, Limit, Peer
from benchmarks.pyro_run import Inference, by_run, by_step

STEPS = 10_000
STATES = 4


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
        start = pyro.param("start", torch.zeros(STATES))
        transition = pyro.param("transition", 2.0 * torch.eye(STATES))
        level = pyro.param("level", torch.linspace(-1.0, 1.0, STATES))
        noise = pyro.param("noise", torch.tensor(1.0), constraint=constraints.positive)
        pyro.sample("series", dist.DiscreteHMM(start, transition, dist.Normal(level, noise)), obs=series)

    def guide(series: Tensor) -> None:
        pass

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    states = (torch.arange(STEPS) // 7) % STATES
    series = torch.linspace(-2.0, 2.0, STATES)[states] + 0.5 * torch.randn(STEPS)
    return Inference(SVI(model, guide, Adam({"lr": 0.001}), loss=Trace_ELBO()), (series,))


CASE = Case(
    "run_discrete_hmm",
    "`DiscreteHMM` of 4 states and 10,000 steps, gradients of all parameters, one `svi.run` a block",
    {"flashover": Peer("dev", by_run(inference)), "upstream svi.step": Peer("upstream", by_step(inference))},
    (Limit("flashover", "upstream svi.step", 0.7),),
)
