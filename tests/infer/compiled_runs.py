"""One inference, taken compiled and step by step."""

import copy
from dataclasses import dataclass

import torch

import pyro
from pyro import settings
from pyro.infer import SVI
from pyro.optim import Adam

STEPS = 8


@dataclass(frozen=True)
class Outcome:
    """What steps lead to: parameters, losses and how the last of them ran."""

    params: dict[str, torch.Tensor]
    losses: torch.Tensor
    how: str


def outcome(model, guide, elbo, compiled):
    """Some steps from a fixed seed in a parameter store of their own; several losses are added up."""
    with pyro.get_param_store().scope(), settings.context(eager_random_numbers=True):
        torch.manual_seed(0)
        svi = SVI(model, copy.deepcopy(guide), Adam({"lr": 0.05}), copy.deepcopy(elbo))
        if compiled:
            result = svi.run(STEPS, progress_bar=False)
            losses, how = result.losses, result.parts[-1].how
        else:
            steps = [svi.step() for _ in range(STEPS)]
            losses, how = torch.tensor([sum(loss) if isinstance(loss, tuple) else loss for loss in steps]), "eager"
        params = {name: value.detach().clone() for name, value in pyro.get_param_store().items()}
        return Outcome(params, losses.double(), how)


def check_compiled_is_eager(model, guide, elbo):
    """A run is captured, and leads where eager steps lead."""
    compiled, eager = (outcome(model, guide, elbo, compiled) for compiled in (True, False))
    assert compiled.how in ("loop program", "captured graph")
    torch.testing.assert_close(compiled.losses, eager.losses, rtol=1e-4, atol=1e-5)
    assert compiled.params.keys() == eager.params.keys()
    for name, value in compiled.params.items():
        torch.testing.assert_close(value, eager.params[name], rtol=1e-4, atol=1e-5, msg=name)
