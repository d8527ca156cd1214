"""Eight schools: the centred hierarchy, and a Normal guide written by hand.

The guide is Normal in ``mu``, in each ``theta`` and in ``log tau``.

References:
    D. B. Rubin (1981), Estimation in Parallel Randomized Experiments, Journal of Educational
    Statistics 6 (4).
"""

from benchmarks.case import Case, Limit, Peer, Program, repeat
from benchmarks.pyro_run import Inference, by_step

EFFECTS = (28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0)
ERRORS = (15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0)
RATE = 0.01


def inference() -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor
    from torch.distributions import constraints

    import pyro
    import pyro.distributions as dist
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    def model(effects: Tensor, errors: Tensor) -> None:
        mu = pyro.sample("mu", dist.Normal(0.0, 5.0))
        tau = pyro.sample("tau", dist.HalfCauchy(5.0))
        with pyro.plate("schools", 8):
            theta = pyro.sample("theta", dist.Normal(mu, tau))
            pyro.sample("obs", dist.Normal(theta, errors), obs=effects)

    def guide(effects: Tensor, errors: Tensor) -> None:
        mu_loc = pyro.param("mu_loc", torch.tensor(0.0))
        mu_scale = pyro.param("mu_scale", torch.tensor(1.0), constraint=constraints.positive)
        tau_loc = pyro.param("tau_loc", torch.tensor(0.0))
        tau_scale = pyro.param("tau_scale", torch.tensor(1.0), constraint=constraints.positive)
        theta_loc = pyro.param("theta_loc", torch.zeros(8))
        theta_scale = pyro.param("theta_scale", torch.ones(8), constraint=constraints.positive)
        pyro.sample("mu", dist.Normal(mu_loc, mu_scale))
        pyro.sample("tau", dist.LogNormal(tau_loc, tau_scale))
        with pyro.plate("schools", 8):
            pyro.sample("theta", dist.Normal(theta_loc, theta_scale))

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    svi = SVI(model, guide, Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, (torch.tensor(EFFECTS), torch.tensor(ERRORS)))


def with_torch() -> Program:
    """The same mathematics written by hand."""
    import torch
    from torch.distributions import Distribution, HalfCauchy, LogNormal, Normal

    from benchmarks.torch_run import descend

    torch.manual_seed(0)
    effects, errors = torch.tensor(EFFECTS), torch.tensor(ERRORS)
    mu_loc, mu_log_scale, tau_loc, tau_log_scale = (torch.tensor(0.0).requires_grad_() for _ in range(4))
    theta_loc, theta_log_scale = (torch.zeros(8).requires_grad_() for _ in range(2))
    parameters = [mu_loc, mu_log_scale, tau_loc, tau_log_scale, theta_loc, theta_log_scale]
    optimizer = torch.optim.Adam(parameters, lr=RATE)

    def step() -> float:
        mu_guide: Distribution = Normal(mu_loc, mu_log_scale.exp())
        tau_guide: Distribution = LogNormal(tau_loc, tau_log_scale.exp())
        theta_guide: Distribution = Normal(theta_loc, theta_log_scale.exp())
        mu, tau, theta = mu_guide.rsample(), tau_guide.rsample(), theta_guide.rsample()
        mu_prior: Distribution = Normal(0.0, 5.0)
        tau_prior: Distribution = HalfCauchy(5.0)
        theta_prior: Distribution = Normal(mu, tau)
        likelihood: Distribution = Normal(theta, errors)
        elbo = (
            mu_prior.log_prob(mu)
            + tau_prior.log_prob(tau)
            + theta_prior.log_prob(theta).sum()
            + likelihood.log_prob(effects).sum()
            - mu_guide.log_prob(mu)
            - tau_guide.log_prob(tau)
            - theta_guide.log_prob(theta).sum()
        )
        return descend(optimizer, -elbo)

    return repeat(step)


def with_numpyro() -> Program:
    """The same model in NumPyro."""
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from numpyro.infer import SVI, Trace_ELBO  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import svi_program

    effects, errors = jnp.array(EFFECTS), jnp.array(ERRORS)
    positive = dist.constraints.positive

    def model() -> None:
        mu = numpyro.sample("mu", dist.Normal(0.0, 5.0))
        tau = numpyro.sample("tau", dist.HalfCauchy(5.0))
        with numpyro.plate("schools", 8):
            theta = numpyro.sample("theta", dist.Normal(mu, tau))
            numpyro.sample("obs", dist.Normal(theta, errors), obs=effects)

    def guide() -> None:
        mu_loc = numpyro.param("mu_loc", 0.0)
        mu_scale = numpyro.param("mu_scale", 1.0, constraint=positive)
        tau_loc = numpyro.param("tau_loc", 0.0)
        tau_scale = numpyro.param("tau_scale", 1.0, constraint=positive)
        theta_loc = numpyro.param("theta_loc", jnp.zeros(8))
        theta_scale = numpyro.param("theta_scale", jnp.ones(8), constraint=positive)
        numpyro.sample("mu", dist.Normal(mu_loc, mu_scale))
        numpyro.sample("tau", dist.LogNormal(tau_loc, tau_scale))
        with numpyro.plate("schools", 8):
            numpyro.sample("theta", dist.Normal(theta_loc, theta_scale))

    return svi_program(SVI(model, guide, numpyro.optim.Adam(RATE), Trace_ELBO()))


CASE = Case(
    "eight_schools",
    "hand-written Normal guide, eager `svi.step`, validation on",
    {
        "flashover": Peer("dev", by_step(inference)),
        "upstream": Peer("upstream", by_step(inference)),
        "torch by hand": Peer("dev", with_torch),
        "numpyro svi.run": Peer("npr", with_numpyro),
    },
    (Limit("flashover", "upstream", 0.5), Limit("flashover", "torch by hand", 1.25)),
)
