"""A variational autoencoder of handwritten digits; with --conditional, one that is told which digit it sees.

The picture has digits, their reconstructions, and digits that the model makes up, with --conditional a column a digit.
References: D. P. Kingma and M. Welling (2014), *Auto-encoding variational Bayes*; K. Sohn, H. Lee and X. Yan (2015),
*Learning structured output representation using deep conditional generative models*. Data: E. Alpaydin and C. Kaynak
(1998), in scikit-learn.
"""

from collections.abc import Sequence

import matplotlib
import torch
from report import fit, options
from sklearn.datasets import load_digits
from torch import Tensor, nn

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam

matplotlib.use("Agg")
from matplotlib import pyplot

PIXELS, LATENT, HIDDEN = 64, 8, 128


class VAE(nn.Module):
    """Encoder and decoder; ``told`` are the labels, one column for each, or no columns."""

    def __init__(self, told: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(PIXELS + told, HIDDEN), nn.Softplus(), nn.Linear(HIDDEN, 2 * LATENT))
        self.decoder = nn.Sequential(nn.Linear(LATENT + told, HIDDEN), nn.Softplus(), nn.Linear(HIDDEN, PIXELS))

    def encode(self, images: Tensor, told: Tensor) -> tuple[Tensor, Tensor]:
        loc, log_scale = self.encoder(torch.cat([images, told], -1)).chunk(2, -1)
        return loc, log_scale.exp()

    def decode(self, z: Tensor, told: Tensor) -> Tensor:
        return self.decoder(torch.cat([z, told], -1))

    def model(self, images: Tensor, told: Tensor) -> None:
        pyro.module("vae", self)
        with pyro.plate("images", len(images)):
            z = pyro.sample("z", dist.Normal(torch.zeros(LATENT), 1.0).to_event(1))
            # a pixel is a count of 16 black dots
            pyro.sample("dots", dist.Binomial(16, logits=self.decode(z, told)).to_event(1), obs=images * 16)

    def guide(self, images: Tensor, told: Tensor) -> None:
        pyro.module("vae", self)
        with pyro.plate("images", len(images)):
            pyro.sample("z", dist.Normal(*self.encode(images, told)).to_event(1))


def main(argv: Sequence[str] | None = None) -> None:
    conditional = argv is not None and "--conditional" in argv
    args = options(__doc__, [word for word in argv or () if word != "--conditional"])
    table = load_digits()
    images = (torch.tensor(table.data).float() / 16).contiguous()
    labels = torch.eye(10)[torch.tensor(table.target)]
    told = labels if conditional else labels[:, :0].contiguous()
    vaes: list[VAE] = []

    def make() -> SVI:
        vaes.append(VAE(told.shape[-1]))
        return SVI(vaes[-1].model, vaes[-1].guide, Adam({"lr": 3e-3}), Trace_ELBO())

    train, test = slice(0, 1500), slice(1500, None)
    svi, result = fit(make, 3 if args.smoke_test else 1500, images[train], told[train])
    held_out = svi.evaluate_loss(images[test], told[test]) / len(images[test])
    blank = dist.Binomial(16, probs=images[train].mean(0).clamp(0.01, 0.99)).log_prob(images[test] * 16).sum(-1).mean()
    print(f"bound on -log p of an image: training {result.losses[-1] / 1500:.1f}, held out {held_out:.1f}; "
          f"independent pixels {-blank:.1f}")
    draw(vaes[-1], images[test], told[test], args.out / f"{'cvae' if conditional else 'vae'}.png")


def draw(vae: VAE, images: Tensor, told: Tensor, path: object) -> None:
    with torch.no_grad():
        shown, labels = images[:10], told[:10]
        again = vae.decode(vae.encode(shown, labels)[0], labels).sigmoid()
        wanted = torch.eye(10)[:, :told.shape[-1]]
        rows = [shown, again, *(vae.decode(torch.randn(10, LATENT), wanted).sigmoid() for _ in range(3))]
    figure, axes = pyplot.subplots(len(rows), 10, figsize=(10, len(rows)))
    for row, line in zip(rows, axes, strict=True):
        for image, axis in zip(row, line, strict=True):
            axis.imshow(image.reshape(8, 8).numpy(), cmap="gray_r", vmin=0, vmax=1)
            axis.axis("off")
    figure.savefig(path)
    pyplot.close(figure)
    print(f"{path}: digits, their reconstructions, and three rows of new ones")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
