"""A Bayesian neural network, 10-50-50-1 with tanh, 1,000 rows, all weights random, ``AutoNormal`` guide, compiled."""

from typing import Any

from benchmarks.case import Case, Limit, Peer, Program
from benchmarks.data import linear
from benchmarks.pyro_run import Inference, by_run, by_step

ROWS = 1_000
LAYERS = ((10, 50), (50, 50), (50, 1))  # inputs and outputs of each
RATE = 0.001


def inference() -> Inference:
    """The model in the language, for flashover and for upstream."""
    import torch
    from torch import Tensor, nn

    import pyro
    import pyro.distributions as dist
    from benchmarks.torch_run import torch_tensor
    from pyro.infer import SVI, Trace_ELBO, autoguide
    from pyro.nn import PyroModule, PyroSample
    from pyro.optim import Adam

    def normal(scale: float, *shape: int) -> Any:
        return PyroSample(dist.Normal(torch.zeros(shape), scale).to_event(len(shape)))

    linear_class: Any = PyroModule[nn.Linear]

    class Network(PyroModule):
        def __init__(self) -> None:
            super().__init__()
            for layer, (inputs, outputs) in enumerate(LAYERS):
                linear_map = linear_class(inputs, outputs)
                linear_map.weight = normal(inputs**-0.5, outputs, inputs)
                linear_map.bias = normal(1.0, outputs)
                setattr(self, f"layer_{layer}", linear_map)

        def forward(self, features: Tensor, targets: Tensor) -> None:
            hidden = torch.tanh(self.layer_1(torch.tanh(self.layer_0(features))))
            mean = self.layer_2(hidden).squeeze(-1)
            with pyro.plate("rows", ROWS):
                pyro.sample("obs", dist.Normal(mean, 0.5), obs=targets)

    pyro.enable_validation(True)
    pyro.set_rng_seed(0)
    model = Network()
    svi = SVI(model, autoguide.AutoNormal(model), Adam({"lr": RATE}), loss=Trace_ELBO())
    return Inference(svi, tuple(torch_tensor(table) for table in linear(ROWS)))


def with_numpyro() -> Program:
    """The same model in NumPyro."""
    import jax.numpy as jnp  # type: ignore[import-not-found]
    import numpyro  # type: ignore[import-not-found]
    import numpyro.distributions as dist  # type: ignore[import-not-found]
    from numpyro.infer import SVI, Trace_ELBO, autoguide  # type: ignore[import-not-found]

    from benchmarks.numpyro_run import jax_array, svi_program

    def model(features: Any, targets: Any) -> None:
        hidden = features
        for layer, (inputs, outputs) in enumerate(LAYERS):
            weight = dist.Normal(0.0, inputs**-0.5).expand([outputs, inputs]).to_event(2)
            bias = dist.Normal(0.0, 1.0).expand([outputs]).to_event(1)
            drawn = numpyro.sample(f"weight_{layer}", weight), numpyro.sample(f"bias_{layer}", bias)
            hidden = hidden @ drawn[0].T + drawn[1]
            if layer + 1 < len(LAYERS):
                hidden = jnp.tanh(hidden)
        with numpyro.plate("rows", ROWS):
            numpyro.sample("obs", dist.Normal(hidden.squeeze(-1), 0.5), obs=targets)

    svi = SVI(model, autoguide.AutoNormal(model), numpyro.optim.Adam(RATE), Trace_ELBO())
    return svi_program(svi, *(jax_array(table) for table in linear(ROWS)))


CASE = Case(
    "run_bayesian_network",
    "10-50-50-1 with tanh, 1,000 rows, random weights, `AutoNormal`, one `svi.run` a block",
    {
        "flashover": Peer("dev", by_run(inference)),
        "numpyro svi.run": Peer("npr", with_numpyro),
        "upstream svi.step": Peer("upstream", by_step(inference)),
    },
    (Limit("flashover", "numpyro svi.run", 0.8), Limit("flashover", "upstream svi.step", 1 / 3)),
)
