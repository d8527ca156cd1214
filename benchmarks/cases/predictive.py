"""Ten thousand draws of ``Predictive``: eight schools, latents from a Normal guide, all draws in one run.

References:
    D. B. Rubin (1981), Estimation in Parallel Randomized Experiments, Journal of Educational
    Statistics 6 (4).
"""

from functools import partial

from benchmarks.case import Case, Limit, Peer, Program, repeat

ERRORS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)


def draws(parallel: bool, num_samples: int) -> Program:
    """All draws a step, for flashover and for upstream."""
    import torch
    from torch import Tensor

    import pyro
    import pyro.distributions as dist
    from pyro.infer import Predictive

    def model(errors: Tensor) -> None:
        mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
        tau = pyro.sample("tau", dist.LogNormal(0.0, 1.0))
        with pyro.plate("schools", 8):
            theta = pyro.sample("theta", dist.Normal(mu, tau))
            pyro.sample("obs", dist.Normal(theta, errors))

    def guide(errors: Tensor) -> None:
        pyro.sample("mu", dist.Normal(pyro.param("mu_loc", torch.tensor(4.0)), 3.0))
        pyro.sample("tau", dist.LogNormal(pyro.param("tau_loc", torch.tensor(1.0)), 0.7))
        with pyro.plate("schools", 8):
            pyro.sample("theta", dist.Normal(pyro.param("theta_loc", torch.zeros(8)), 4.0))

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    predictive = Predictive(model, guide=guide, num_samples=num_samples, parallel=parallel)
    errors = torch.tensor(ERRORS)

    def step() -> float:
        return float(predictive(errors)["obs"].mean())

    return repeat(step)


CASE = Case(
    "predictive",
    "`Predictive` of eight schools: 10,000 draws in one run, and 100 draws one by one",
    {
        "flashover": Peer("dev", partial(draws, True, 10_000)),
        "upstream": Peer("upstream", partial(draws, True, 10_000)),
        "flashover, one by one": Peer("dev", partial(draws, False, 100)),
        "upstream, one by one": Peer("upstream", partial(draws, False, 100)),
    },
    (Limit("flashover", "upstream", 0.5), Limit("flashover, one by one", "upstream, one by one", 0.5)),
)
