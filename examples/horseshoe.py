"""Sparse regression: which of 40 measurements matter for the progress of diabetes, when 30 of them are noise.

The horseshoe prior shrinks most weights to nothing and leaves the others alone. Its scales make a funnel, which
``LocScaleReparam`` straightens. The last table has the weights by size: the made-up measurements come last.
References: C. M. Carvalho, N. G. Polson and J. G. Scott (2010), *The horseshoe estimator for sparse signals*. Data:
B. Efron et al. (2004), *Least angle regression*, in scikit-learn.
"""

from collections.abc import Sequence

import torch
from report import fit, options
from sklearn.datasets import load_diabetes
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, Predictive, Trace_ELBO
from pyro.infer.autoguide import AutoNormal
from pyro.infer.reparam import LocScaleReparam
from pyro.optim import Adam

MADE_UP = 30


@poutine.reparam(config={"weights": LocScaleReparam(0.0)})
def model(x: Tensor, y: Tensor) -> None:
    noise = pyro.sample("noise", dist.HalfNormal(1.0))
    overall = pyro.sample("overall", dist.HalfCauchy(0.1))
    with pyro.plate("measurements", x.shape[-1]):
        local = pyro.sample("local", dist.HalfCauchy(1.0))
        weights = pyro.sample("weights", dist.Normal(0.0, overall.unsqueeze(-1) * local))
    with pyro.plate("patients", len(x)):
        pyro.sample("progress", dist.Normal(weights @ x.T, noise), obs=y)


def main(argv: Sequence[str] | None = None) -> None:
    args = options(__doc__, argv)
    table = load_diabetes()
    x, y = torch.tensor(table.data).float(), torch.tensor(table.target).float()
    x = torch.cat([x, torch.randn(len(x), MADE_UP, generator=torch.Generator().manual_seed(0))], -1)
    x, y = (x - x.mean(0)) / x.std(0), (y - y.mean()) / y.std()
    names = [*table.feature_names, *(f"made up {index + 1}" for index in range(MADE_UP))]

    def make() -> SVI:
        return SVI(model, AutoNormal(model), Adam({"lr": 0.01}), Trace_ELBO())

    svi, _ = fit(make, 3 if args.smoke_test else 8000, x, y)
    draws = Predictive(model, guide=svi.guide, num_samples=20 if args.smoke_test else 500,
                       return_sites=("weights",))(x, y)["weights"]
    mean, spread = draws.mean(0).squeeze(), draws.std(0).squeeze()
    print("measurement  weight    +-")
    for index in mean.abs().argsort(descending=True)[:12].tolist():
        print(f"{names[index]:12s} {mean[index]:6.2f} {spread[index]:5.2f}")


if __name__ == "__main__":
    main()
