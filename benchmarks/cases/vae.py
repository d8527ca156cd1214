"""A variational autoencoder 784-400-20 on one batch of 256 binary pictures. Bound by matrix products.

One hidden layer of 400 softplus units in the encoder and in the decoder, 20 latent dimensions.

References:
    D. P. Kingma and M. Welling (2014), Auto-Encoding Variational Bayes, https://arxiv.org/abs/1312.6114
"""

from typing import TYPE_CHECKING

from benchmarks.case import Case, Limit, Peer, Program, repeat
from benchmarks.data import digits_like
from benchmarks.pyro_run import Inference, by_step

if TYPE_CHECKING:
    from torch import Tensor, nn

PIXELS, HIDDEN, LATENT = 784, 400, 20
RATE = 0.001


def torch_parts(device: str) -> "tuple[nn.Module, nn.Module, Tensor]":
    """Encoder (location beside log scale), decoder (logits) and pictures, for the peers that use torch."""
    import torch
    from torch import nn

    from benchmarks.torch_run import torch_tensor

    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Linear(PIXELS, HIDDEN), nn.Softplus(), nn.Linear(HIDDEN, 2 * LATENT))
    decoder = nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.Softplus(), nn.Linear(HIDDEN, PIXELS))
    return encoder.to(device), decoder.to(device), torch_tensor(digits_like(), device)


def inference(device: str = "cpu") -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor

    import pyro
    import pyro.distributions as dist
    from pyro.infer import SVI, Trace_ELBO
    from pyro.optim import Adam

    encoder, decoder, pictures = torch_parts(device)

    def model(pictures: Tensor) -> None:
        pyro.module("decoder", decoder)
        with pyro.plate("data", len(pictures)):
            shape = (len(pictures), LATENT)
            prior = dist.Normal(torch.zeros(shape, device=device), torch.ones(shape, device=device))
            z = pyro.sample("z", prior.to_event(1))
            pyro.sample("obs", dist.Bernoulli(logits=decoder(z)).to_event(1), obs=pictures)

    def guide(pictures: Tensor) -> None:
        pyro.module("encoder", encoder)
        with pyro.plate("data", len(pictures)):
            loc, log_scale = encoder(pictures).chunk(2, -1)
            pyro.sample("z", dist.Normal(loc, log_scale.exp()).to_event(1))

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    svi = SVI(model, guide, Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, (pictures,))


def with_torch(device: str = "cpu") -> Program:
    """The same mathematics written by hand."""
    import torch
    from torch.distributions import Bernoulli, Distribution, Independent, Normal

    from benchmarks.torch_run import descend

    encoder, decoder, pictures = torch_parts(device)
    torch.manual_seed(0)
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=RATE)

    def step() -> float:
        loc, log_scale = encoder(pictures).chunk(2, -1)
        guide: Distribution = Independent(Normal(loc, log_scale.exp()), 1)
        z = guide.rsample()
        zeros, ones = torch.zeros(z.shape, device=device), torch.ones(z.shape, device=device)
        prior: Distribution = Independent(Normal(zeros, ones), 1)
        likelihood: Distribution = Independent(Bernoulli(logits=decoder(z)), 1)
        loss = (guide.log_prob(z) - prior.log_prob(z) - likelihood.log_prob(pictures)).sum()
        return descend(optimizer, loss)

    return repeat(step)


def with_numpyro() -> Program:
    """The same model in NumPyro, with the small network library that comes with JAX."""
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from jax import Array
    from jax.example_libraries import stax  # type: ignore[import-not-found]
    from numpyro.infer import SVI, Trace_ELBO  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import jax_array, svi_program

    encoder_layers = stax.serial(stax.Dense(HIDDEN), stax.Softplus, stax.Dense(2 * LATENT))
    decoder_layers = stax.serial(stax.Dense(HIDDEN), stax.Softplus, stax.Dense(PIXELS))

    def model(pictures: Array) -> None:
        decoder = numpyro.module("decoder", decoder_layers, (len(pictures), LATENT))
        with numpyro.plate("data", len(pictures)):
            z = numpyro.sample("z", dist.Normal(jnp.zeros(LATENT), jnp.ones(LATENT)).to_event(1))
            numpyro.sample("obs", dist.Bernoulli(logits=decoder(z)).to_event(1), obs=pictures)

    def guide(pictures: Array) -> None:
        encoder = numpyro.module("encoder", encoder_layers, (len(pictures), PIXELS))
        with numpyro.plate("data", len(pictures)):
            loc, log_scale = jnp.split(encoder(pictures), 2, axis=-1)
            numpyro.sample("z", dist.Normal(loc, jnp.exp(log_scale)).to_event(1))

    svi = SVI(model, guide, numpyro.optim.Adam(RATE), Trace_ELBO())
    return svi_program(svi, jax_array(digits_like()))


CASE = Case(
    "vae",
    "784-400-20, batch of 256, `pyro.module`, eager `svi.step`, validation on",
    {
        "flashover": Peer("dev", by_step(inference)),
        "upstream": Peer("upstream", by_step(inference)),
        "torch by hand": Peer("dev", with_torch),
        "numpyro svi.run": Peer("npr", with_numpyro),
    },
    (Limit("flashover", "upstream", 1.0),),
)
