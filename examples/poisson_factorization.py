"""Poisson matrix factorisation: images of digits as sums of a few parts, each pixel a count of dots.

The last table compares the Poisson deviance of held-out pixels with that of each pixel's mean; the picture has the
parts. Reference: J. F. Canny (2004), *GaP: a factor model for discrete data*. Data: E. Alpaydin and C. Kaynak (1998),
in scikit-learn.
"""

from collections.abc import Sequence

import matplotlib
import torch
from report import fit, options
from sklearn.datasets import load_digits
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoNormal
from pyro.optim import Adam

matplotlib.use("Agg")
from matplotlib import pyplot

PARTS = 12


def model(counts: Tensor, seen: Tensor) -> None:
    with pyro.plate("parts", PARTS, dim=-1), pyro.plate("pixels", counts.shape[1], dim=-2):
        shape = pyro.sample("shape", dist.Gamma(0.5, 0.5))
    with pyro.plate("part", PARTS, dim=-1), pyro.plate("rows", len(counts), dim=-2):
        amount = pyro.sample("amount", dist.Gamma(0.5, 0.5))
    rows = pyro.plate("images", len(counts), dim=-2)
    with pyro.plate("pixel", counts.shape[1], dim=-1), rows, poutine.mask(mask=seen):
        pyro.sample("dots", dist.Poisson(amount @ shape.mT), obs=counts)


def deviance(counts: Tensor, rate: Tensor, where: Tensor) -> float:
    terms = torch.xlogy(counts, counts / rate) - counts + rate
    return 2 * terms[where].mean().item()


def main(argv: Sequence[str] | None = None) -> None:
    args = options(__doc__, argv)
    counts = torch.tensor(load_digits().data).float()[:500]
    seen = torch.rand(counts.shape, generator=torch.Generator().manual_seed(0)) < 0.9

    def make() -> SVI:
        return SVI(model, AutoNormal(model, init_scale=0.05), Adam({"lr": 0.02}), Trace_ELBO())

    svi, _ = fit(make, 3 if args.smoke_test else 2000, counts, seen)
    with torch.no_grad():
        median = svi.guide.median()
    rate = median["amount"] @ median["shape"].mT
    mean = (counts * seen).sum(0) / seen.sum(0)
    print("held-out pixels  deviance")
    print(f"mean of a pixel  {deviance(counts, mean.clamp(min=1e-2).expand_as(counts), ~seen):8.2f}")
    print(f"{PARTS} parts         {deviance(counts, rate.clamp(min=1e-2), ~seen):8.2f}")
    figure, axes = pyplot.subplots(2, PARTS // 2, figsize=(PARTS // 2, 2))
    for part, axis in zip(median["shape"].T, axes.flat, strict=True):
        axis.imshow(part.reshape(8, 8).numpy(), cmap="gray_r")
        axis.axis("off")
    figure.savefig(args.out / "poisson_factorization.png")
    pyplot.close(figure)


if __name__ == "__main__":
    main()
