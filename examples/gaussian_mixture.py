"""A Gaussian mixture of three components on iris flowers, the assignments summed out.

The last table sets the components against the species, which the model did not see.
Data: R. A. Fisher (1936), in scikit-learn.
"""

from collections.abc import Sequence

import torch
from report import fit, options
from sklearn.datasets import load_iris
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoNormal, init_to_value
from pyro.optim import Adam

COMPONENTS = 3


def model(x: Tensor) -> None:
    shares = pyro.sample("shares", dist.Dirichlet(torch.full((COMPONENTS,), 2.0)))
    with pyro.plate("components", COMPONENTS):
        loc = pyro.sample("loc", dist.Normal(0.0, 2.0).expand([4]).to_event(1))
        scale = pyro.sample("scale", dist.LogNormal(-1.0, 0.5).expand([4]).to_event(1))
    mixture = dist.MixtureSameFamily(dist.Categorical(shares), dist.Normal(loc, scale).to_event(1))
    with pyro.plate("flowers", len(x)):
        pyro.sample("x", mixture, obs=x)


def main(argv: Sequence[str] | None = None) -> None:
    args = options(__doc__, argv)
    table = load_iris()
    x = torch.tensor(table.data).float()
    x = (x - x.mean(0)) / x.std(0)
    start = {"loc": x[[0, 75, 149]], "shares": torch.full((COMPONENTS,), 1 / COMPONENTS)}

    def make() -> SVI:
        guide = AutoNormal(model, init_loc_fn=init_to_value(values=start), init_scale=0.02)
        return SVI(model, guide, Adam({"lr": 0.01}), Trace_ELBO())

    svi, _ = fit(make, 3 if args.smoke_test else 3000, x)
    with torch.no_grad():
        at = svi.guide.median()
        component = dist.Normal(at["loc"], at["scale"]).to_event(1)
        assigned = (component.log_prob(x.unsqueeze(1)) + at["shares"].log()).argmax(-1)
    species = torch.tensor(table.target)
    print("species      flowers in component 1, 2, 3")
    for index, name in enumerate(table.target_names):
        counts = torch.bincount(assigned[species == index], minlength=COMPONENTS).tolist()
        print(f"{name:12s} {counts}")


if __name__ == "__main__":
    main()
