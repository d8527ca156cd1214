"""Bayesian logistic regression of breast cancer on 30 measurements, and whether its probabilities can be believed.

The last table sorts the held-out patients by predicted probability: in each row, the share of benign tumours should be
close to the mean prediction. Data: W. Wolberg et al. (1995), in scikit-learn.
"""

from collections.abc import Sequence

import torch
from report import fit, options
from sklearn.datasets import load_breast_cancer
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Predictive, Trace_ELBO
from pyro.infer.autoguide import AutoMultivariateNormal
from pyro.optim import Adam


def model(x: Tensor, y: Tensor | None = None) -> None:
    bias = pyro.sample("bias", dist.Normal(0.0, 3.0))
    weights = pyro.sample("weights", dist.Normal(0.0, 1.0).expand([30]).to_event(1))
    logits = bias.unsqueeze(-1) + weights @ x.T
    with pyro.plate("patients", len(x)):
        pyro.deterministic("probability", logits.sigmoid(), event_dim=0)
        pyro.sample("benign", dist.Bernoulli(logits=logits), obs=y)


def main(argv: Sequence[str] | None = None) -> None:
    args = options(__doc__, argv)
    table = load_breast_cancer()
    x, y = torch.tensor(table.data).float(), torch.tensor(table.target).float()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    train, test = order[:400], order[400:]
    x = (x - x[train].mean(0)) / x[train].std(0)

    def make() -> SVI:
        return SVI(model, AutoMultivariateNormal(model), Adam({"lr": 0.01}), Trace_ELBO())

    svi, _ = fit(make, 3 if args.smoke_test else 5000, x[train], y[train])
    draws = Predictive(model, guide=svi.guide, num_samples=50 if args.smoke_test else 1000)(x[test])
    probability = draws["probability"].mean(0).squeeze()
    print(f"held-out accuracy {((probability > 0.5) == y[test].bool()).float().mean():.3f}")
    print("predicted  observed  patients")
    for low, high in ((0.0, 0.05), (0.05, 0.5), (0.5, 0.95), (0.95, 1.01)):
        inside = (probability >= low) & (probability < high)
        if inside.any():
            print(f"{probability[inside].mean():9.3f} {y[test][inside].mean():9.3f} {int(inside.sum()):9d}")


if __name__ == "__main__":
    main()
