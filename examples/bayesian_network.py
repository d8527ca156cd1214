"""A Bayesian neural network: regression on 80 points with a gap, any torch module made Bayesian by ``PyroModule``.

The last table has the standard deviation of the predicted curve where there are data and in the gap.
"""

from collections.abc import Sequence

import torch
from report import fit, options
from torch import Tensor, nn

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Predictive, Trace_ELBO
from pyro.infer.autoguide import AutoDiagonalNormal
from pyro.nn import PyroModule, PyroSample
from pyro.optim import Adam

HIDDEN = 20


class Network(PyroModule):
    """Two layers, whose weights have priors."""

    def __init__(self) -> None:
        super().__init__()
        self.first = PyroModule[nn.Linear](1, HIDDEN)
        self.first.weight = PyroSample(dist.Normal(0.0, 2.0).expand([HIDDEN, 1]).to_event(2))
        self.first.bias = PyroSample(dist.Normal(0.0, 2.0).expand([HIDDEN]).to_event(1))
        self.second = PyroModule[nn.Linear](HIDDEN, 1)
        self.second.weight = PyroSample(dist.Normal(0.0, HIDDEN**-0.5).expand([1, HIDDEN]).to_event(2))
        self.second.bias = PyroSample(dist.Normal(0.0, 1.0).expand([1]).to_event(1))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        curve = self.second(torch.tanh(self.first(x.unsqueeze(-1)))).squeeze(-1)
        pyro.deterministic("curve", curve)
        with pyro.plate("points", len(x)):
            pyro.sample("y", dist.Normal(curve, 0.1), obs=y)
        return curve


def main(argv: Sequence[str] | None = None) -> None:
    args = options(__doc__, argv)
    generator = torch.Generator().manual_seed(0)
    x = torch.cat([torch.linspace(-2.0, -0.7, 40), torch.linspace(0.7, 2.0, 40)])
    y = torch.sin(2 * x) + 0.1 * torch.randn(80, generator=generator)
    networks: list[Network] = []

    def make() -> SVI:
        networks.append(Network())
        guide = AutoDiagonalNormal(networks[-1], init_scale=0.01)
        return SVI(networks[-1], guide, Adam({"lr": 0.01}), Trace_ELBO())

    svi, _ = fit(make, 3 if args.smoke_test else 10_000, x, y)
    grid = torch.linspace(-2.0, 2.0, 17)
    curves = Predictive(networks[-1], guide=svi.guide, num_samples=20 if args.smoke_test else 400,
                        return_sites=("curve",))(grid)["curve"]
    print("    x   sin(2x)  predicted    +-")
    for index in range(0, 17, 2):
        print(f"{grid[index]:5.1f} {torch.sin(2 * grid[index]):9.2f} {curves[:, index].mean():10.2f} "
              f"{curves[:, index].std():5.2f}{'' if grid[index].abs() >= 0.7 else '   in the gap'}")


if __name__ == "__main__":
    main()
