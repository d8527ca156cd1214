"""Partial pooling: eight schools, and four hundred simulated ones of which the truth is known.

Schools with few pupils borrow strength from the others. The last table compares the error of three estimates: each
school by itself, all schools alike, and the hierarchy, which is the best of the three.
Data: D. B. Rubin (1981), *Estimation in parallel randomized experiments*.
"""

from collections.abc import Sequence

import torch
from report import fit, options
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoNormal
from pyro.optim import Adam

EFFECTS = torch.tensor([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
ERRORS = torch.tensor([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])


def model(effects: Tensor, errors: Tensor) -> None:
    mean = pyro.sample("mean", dist.Normal(0.0, 10.0))
    spread = pyro.sample("spread", dist.HalfNormal(10.0))
    with pyro.plate("schools", len(effects)):
        # what a school deviates by, in units of the spread: the posterior has no funnel then
        deviation = pyro.sample("deviation", dist.Normal(0.0, 1.0))
        pyro.sample("effect", dist.Normal(mean + spread * deviation, errors), obs=effects)


def estimate(effects: Tensor, errors: Tensor, steps: int) -> Tensor:
    def make() -> SVI:
        return SVI(model, AutoNormal(model), Adam({"lr": 0.01}), Trace_ELBO())

    svi, _ = fit(make, steps, effects, errors)
    with torch.no_grad():
        median = svi.guide.median()
    return median["mean"] + median["spread"] * median["deviation"]


def main(argv: Sequence[str] | None = None) -> None:
    args = options(__doc__, argv)
    steps = 3 if args.smoke_test else 5000
    pooled = estimate(EFFECTS, ERRORS, steps)
    print("school  observed  error  estimate")
    for school in range(8):
        print(f"{school + 1:6d} {EFFECTS[school]:9.1f} {ERRORS[school]:6.1f} {pooled[school]:9.1f}")

    generator = torch.Generator().manual_seed(0)
    truth = 5 + 3 * torch.randn(400, generator=generator)
    errors = 1 + 9 * torch.rand(400, generator=generator)
    effects = truth + errors * torch.randn(400, generator=generator)
    weights = errors**-2 / (errors**-2).sum()
    estimates = {"each by itself": effects, "all alike": (weights * effects).sum(),
                 "partly pooled": estimate(effects, errors, steps)}
    print("400 schools     root mean squared error")
    for name, value in estimates.items():
        print(f"{name:15s} {(value - truth).square().mean().sqrt():.2f}")


if __name__ == "__main__":
    main()
