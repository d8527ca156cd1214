"""One small program under every optimiser."""

from collections.abc import Callable
from typing import Any

import torch

import pyro
import pyro.distributions as dist
from pyro import optim
from tests.compiler.problem import Problem

MODELS: dict[str, Callable[[], Problem]] = {}


def series(is_marked: bool = False) -> Problem:
    """A point estimate of a series and its level, in a model of which little is computed."""
    data = torch.linspace(-1, 1, 6).sin()

    def independent() -> None:
        pyro.sample("x", dist.Normal(torch.zeros(6), 1.0).to_event(1), obs=data)
        pyro.sample("z", dist.Normal(data, 1.0).to_event(1))

    def point() -> None:
        loc, level = pyro.param("loc", torch.zeros(6)), pyro.param("level", torch.tensor(0.4))
        if is_marked:
            loc.unconstrained()._pyro_dct_dim = -1
        pyro.sample("z", dist.Delta(loc + level, event_dim=1))

    return Problem(independent, point)


def with_optim(name: str, make: Callable[[], Any], of: Callable[[], Problem] = series) -> None:
    def problem() -> Problem:
        made = of()
        made.optim = make()
        return made

    MODELS[name] = problem


for _name, _options in {
    "SGD": {"lr": 1e-3}, "Adam": {"lr": 0.02, "amsgrad": True}, "AdamW": {"lr": 0.02}, "Adamax": {"lr": 0.02},
    "NAdam": {"lr": 0.02}, "RAdam": {"lr": 0.02}, "Adadelta": {"lr": 0.5}, "Adagrad": {"lr": 0.1},
    "ASGD": {"lr": 1e-3}, "RMSprop": {"lr": 0.01, "centered": True, "momentum": 0.5}, "Rprop": {"lr": 0.01},
    "ClippedAdam": {"lr": 0.02, "lrd": 0.99, "clip_norm": 1.0, "weight_decay": 0.01},
    "AdagradRMSProp": {"eta": 0.1}, "DCTAdam": {"lr": 0.02},
}.items():
    with_optim(_name, lambda name=_name, options=_options: getattr(optim, name)(options))  # type: ignore[misc]

with_optim("SGD_with_momentum", lambda: optim.SGD({"lr": 1e-3, "momentum": 0.9, "nesterov": True}))
with_optim("options_by_parameter", lambda: optim.Adam(lambda name: {"lr": 0.05 if "loc" in name else 0.01}))
with_optim("clipped_norm", lambda: optim.Adam({"lr": 0.02}, {"clip_norm": 0.5}))
with_optim("clipped_value", lambda: optim.SGD({"lr": 0.02}, {"clip_value": 0.3}))
with_optim("clipped_by_parameter", lambda: optim.Adam(
    {"lr": 0.02}, lambda name: {"clip_norm": 1.0} if "loc" in name else {}))
with_optim("scheduled", lambda: optim.ExponentialLR({"optimizer": torch.optim.Adam, "optim_args": {"lr": 0.02},
                                                     "gamma": 0.5}))
with_optim("transformed_series", lambda: optim.DCTAdam({"lr": 0.02}), lambda: series(is_marked=True))
