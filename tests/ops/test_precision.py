"""No tensor in double precision where nobody asked for one: some devices have none."""

import traceback
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import pyro
from pyro.infer import SVI, Predictive, Trace_ELBO
from pyro.ops.precision import widest
from pyro.optim import Adam
from tests.distributions.case import Case
from tests.distributions.table import CASES
from tests.distributions.test_families_numerics import cast
from tests.infer.autoguide.cases import ALL, NAMES


class DoublePrecision(TorchDispatchMode):
    """Lists the package's lines that make tensors in double precision."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        if any(isinstance(x, Tensor) and x.dtype == torch.float64 for x in tree_leaves(out)):
            self.lines.append(traceback.format_stack()[-2])
        return out


@pytest.mark.parametrize("device, dtype", [("cpu", torch.float64), ("cuda:1", torch.float64), ("mps", torch.float32)])
def test_what_devices_have(device: str, dtype: torch.dtype) -> None:
    assert widest(torch.device(device)) is dtype


# their terms cancel in single precision; a device that has no other keeps to it
ON_PURPOSE = ("CirculantNormal", "SpanningTree", "Stable", "StableWithLogProb")


def test_lesson_19_families_stay_in_single_precision() -> None:
    wide = {}
    for case in CASES:
        with DoublePrecision() as seen:
            draw_and_score(case)
        if seen.lines:
            wide[case.family.__name__] = seen.lines
    assert sorted(wide) == sorted(ON_PURPOSE), wide


def draw_and_score(case: Case) -> None:
    d = case.family(**{name: cast(entry, torch.float32) for name, entry in case.params.items()})
    value = d.sample((2,))
    assert value.dtype != torch.float64 and d.log_prob(value).dtype == torch.float32


@pytest.mark.parametrize(("make", "model"), [case[1:] for case in ALL], ids=NAMES)
def test_lesson_19_inference_stays_in_single_precision(make: Any, model: Any) -> None:
    with pyro.get_param_store().scope(), DoublePrecision() as seen:
        guide = make(model)
        SVI(model, guide, Adam({"lr": 0.01}), Trace_ELBO(num_particles=2, vectorize_particles=True)).step()
        draws = Predictive(model, guide=guide, num_samples=2)()
    assert not seen.lines and all(value.dtype == torch.float32 for value in draws.values())
