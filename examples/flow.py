"""A normalizing flow fitted to two half-moons, in which no Gaussian fits.

The last table has the mean log-density of held-out points; the picture has the density.
Reference: G. Papamakarios, T. Pavlakou and I. Murray (2017), *Masked autoregressive flow for density estimation*.
"""

from collections.abc import Sequence

import matplotlib
import torch
from report import fit, options
from sklearn.datasets import make_moons
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro.distributions import transforms
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam

matplotlib.use("Agg")
from matplotlib import pyplot


class Flow(torch.nn.Module):
    """Autoregressive affine maps, the coordinates swapped in between."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self.maps = torch.nn.ModuleList(
            [transforms.affine_autoregressive(2, hidden_dims=[32, 32]) for _ in range(length)])
        self.swap = transforms.Permute(torch.tensor([1, 0]))

    def distribution(self) -> dist.TransformedDistribution:
        steps = [step for affine in self.maps for step in (affine, self.swap)]
        flow = dist.TransformedDistribution(dist.Normal(torch.zeros(2), 1.0).to_event(1), steps)
        flow.clear_cache()  # of the last step's values, whose graph is gone
        return flow

    def model(self, x: Tensor) -> None:
        pyro.module("flow", self)
        with pyro.plate("points", len(x)):
            pyro.sample("x", self.distribution(), obs=x)

    def guide(self, x: Tensor) -> None:
        """There is nothing latent."""


def main(argv: Sequence[str] | None = None) -> None:
    args = options(__doc__, argv)
    points = torch.tensor(make_moons(1500, noise=0.08, random_state=0)[0]).float()
    points = (points - points.mean(0)) / points.std(0)
    train, test = points[:1000], points[1000:]
    flows: list[Flow] = []

    def make() -> SVI:
        flows.append(Flow(1 if args.smoke_test else 4))
        return SVI(flows[-1].model, flows[-1].guide, Adam({"lr": 3e-3}), Trace_ELBO())

    fit(make, 3 if args.smoke_test else 1500, train)
    with torch.no_grad():
        density = flows[-1].distribution()
        gaussian = dist.MultivariateNormal(train.mean(0), train.T.cov())
        print("held-out points  log-density")
        print(f"Gaussian         {gaussian.log_prob(test).mean():11.2f}")
        print(f"flow             {density.log_prob(test).mean():11.2f}")
        axis = torch.linspace(-2.5, 2.5, 100)
        grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1)
        figure, axes = pyplot.subplots(figsize=(4, 4))
        heights = density.log_prob(grid.reshape(-1, 2)).exp().reshape(100, 100)
        axes.contourf(axis.numpy(), axis.numpy(), heights.numpy(), levels=20)
        axes.plot(*test.T.numpy(), ".", color="white", markersize=1)
    figure.savefig(args.out / "flow.png")
    pyplot.close(figure)


if __name__ == "__main__":
    main()
