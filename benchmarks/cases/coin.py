"""The coin: Beta prior, ten observations that are ten sample statements, Beta guide. All cost is overhead."""

from benchmarks.case import Case, Limit, Peer, Program, repeat
from benchmarks.pyro_run import Inference, by_step

FLIPS = (1.0,) * 6 + (0.0,) * 4
RATE, BETAS = 0.0005, (0.90, 0.999)


def inference() -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor
    from torch.distributions import constraints

    import pyro
    import pyro.distributions as dist
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    def model(data: list[Tensor]) -> None:
        fairness = pyro.sample("fairness", dist.Beta(torch.tensor(10.0), torch.tensor(10.0)))
        for i in range(len(data)):
            pyro.sample(f"obs_{i}", dist.Bernoulli(fairness), obs=data[i])

    def guide(data: list[Tensor]) -> None:
        alpha = pyro.param("alpha", torch.tensor(15.0), constraint=constraints.positive)
        beta = pyro.param("beta", torch.tensor(15.0), constraint=constraints.positive)
        pyro.sample("fairness", dist.Beta(alpha, beta))

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    svi = SVI(model, guide, Adam({"lr": RATE, "betas": BETAS}), loss=Trace_ELBO())
    return Inference(svi, ([torch.tensor(flip) for flip in FLIPS],))


def with_torch() -> Program:
    """The same mathematics written by hand."""
    import torch
    from torch.distributions import Bernoulli, Beta, Distribution

    from benchmarks.torch_run import descend

    torch.manual_seed(0)
    data = [torch.tensor(flip) for flip in FLIPS]
    log_alpha = torch.tensor(15.0).log().requires_grad_()
    log_beta = torch.tensor(15.0).log().requires_grad_()
    optimizer = torch.optim.Adam([log_alpha, log_beta], lr=RATE, betas=BETAS)

    def step() -> float:
        guide: Distribution = Beta(log_alpha.exp(), log_beta.exp())
        fairness = guide.rsample()
        prior: Distribution = Beta(torch.tensor(10.0), torch.tensor(10.0))
        elbo = prior.log_prob(fairness) - guide.log_prob(fairness)
        for flip in data:
            likelihood: Distribution = Bernoulli(fairness)
            elbo = elbo + likelihood.log_prob(flip)
        return descend(optimizer, -elbo)

    return repeat(step)


def with_numpyro() -> Program:
    """The same model in NumPyro."""
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from numpyro.infer import SVI, Trace_ELBO  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import svi_program

    def model() -> None:
        fairness = numpyro.sample("fairness", dist.Beta(10.0, 10.0))
        for i, flip in enumerate(FLIPS):
            numpyro.sample(f"obs_{i}", dist.Bernoulli(fairness), obs=flip)

    def guide() -> None:
        alpha = numpyro.param("alpha", 15.0, constraint=dist.constraints.positive)
        beta = numpyro.param("beta", 15.0, constraint=dist.constraints.positive)
        numpyro.sample("fairness", dist.Beta(alpha, beta))

    optimizer = numpyro.optim.Adam(RATE, b1=BETAS[0], b2=BETAS[1])
    return svi_program(SVI(model, guide, optimizer, Trace_ELBO()))


CASE = Case(
    "coin",
    "ten separate observations, Beta guide, eager `svi.step`, validation on",
    {
        "flashover": Peer("dev", by_step(inference)),
        "upstream": Peer("upstream", by_step(inference)),
        "torch by hand": Peer("dev", with_torch),
        "numpyro svi.run": Peer("npr", with_numpyro),
    },
    (Limit("flashover", "upstream", 0.5), Limit("flashover", "torch by hand", 1.25)),
)
