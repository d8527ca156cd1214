"""An amortised guide trained on batches of a ``DataLoader``, checked against the exact answer.

The model is factor analysis of handwritten digits, ``x = W z + noise``: its posterior and its evidence are known in
closed form. The guide is a network that reads the posterior of ``z`` off the image. The last table compares the bound
that it reaches with the log evidence of the same model; the difference is what the guide loses.
Reference: S. Gershman and N. Goodman (2014), *Amortized inference in probabilistic reasoning*.
"""

import time
from collections.abc import Sequence

import torch
from report import options
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import pyro
import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam

FACTORS, PIXELS, IMAGES, BATCH = 10, 64, 1500, 100


def loadings() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    w = pyro.param("w", lambda: 0.1 * torch.randn(FACTORS, PIXELS, generator=generator))
    noise = pyro.param("noise", torch.tensor(0.5), constraint=constraints.positive)
    return w, noise


def model(x: Tensor) -> None:
    w, noise = loadings()
    with pyro.plate("images", IMAGES, subsample=x):
        z = pyro.sample("z", dist.Normal(torch.zeros(FACTORS), 1.0).to_event(1))
        pyro.sample("x", dist.Normal(z @ w, noise).to_event(1), obs=x)


def train(epochs: int, data: Tensor, compile: bool) -> tuple[SVI, float]:
    """Fits model and guide; returns the seconds of the later half of the steps, a step."""
    pyro.clear_param_store()
    pyro.set_rng_seed(0)
    encoder = nn.Linear(PIXELS, 2 * FACTORS)

    def guide(x: Tensor) -> None:
        pyro.module("encoder", encoder)
        with pyro.plate("images", IMAGES, subsample=x):
            loc, log_scale = encoder(x).chunk(2, -1)
            pyro.sample("z", dist.Normal(loc, log_scale.exp()).to_event(1))

    svi = SVI(model, guide, Adam({"lr": 5e-3}), Trace_ELBO(), compile=compile)
    loader = DataLoader(TensorDataset(data), batch_size=BATCH, shuffle=True, drop_last=True)
    seconds: list[float] = []
    for _ in range(epochs):
        for (batch,) in loader:
            start = time.perf_counter()
            svi.step(batch)
            seconds.append(time.perf_counter() - start)
    late = seconds[len(seconds) // 2:]
    return svi, sum(late) / len(late)


def main(argv: Sequence[str] | None = None) -> None:
    args = options(__doc__, argv)
    data = torch.tensor(load_digits().data).float()[:IMAGES]
    data = (data - data.mean(0)) / data.std()
    _, eager = train(1 if args.smoke_test else 4, data, compile=False)
    svi, compiled = train(1 if args.smoke_test else 60, data, compile=not args.smoke_test)
    print(f"eager {1e6 * eager:.0f} us a step, compiled {1e6 * compiled:.0f} us a step")
    with torch.no_grad():
        w, noise = loadings()
        evidence = dist.MultivariateNormal(torch.zeros(PIXELS), w.T @ w + noise**2 * torch.eye(PIXELS)).log_prob(data)
        bound = -svi.evaluate_loss(data, num_particles=10) / IMAGES
    print("log p of an image")
    print(f"exact                  {evidence.mean():8.2f}")
    print(f"bound of the guide     {bound:8.2f}")


if __name__ == "__main__":
    main()
