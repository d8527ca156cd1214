"""A guide's coordinates: the sites that it knows of are computed, all others are left alone."""

from typing import Any

import pytest
import torch
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.autoguide.normal import AutoNormal
from pyro.infer.reparam.of_guide import OfGuide


class Zero(OfGuide):
    """Puts every variable at zero, with a term that tells which one."""

    def _computed(self, name: str, fn: Any) -> tuple[Tensor, Tensor]:
        return torch.zeros(fn.shape()), torch.full(fn.batch_shape, float(len(name)))


def model() -> None:
    pyro.sample("x", dist.Normal(torch.zeros(3), 1.0).to_event(1))
    pyro.sample("data", dist.Normal(0.0, 1.0), obs=torch.tensor(1.0))


def larger() -> None:
    model()
    pyro.sample("other", dist.Normal(0.0, 1.0))


def test_sites_of_the_guide_are_computed() -> None:
    guide = AutoNormal(model)
    strategy = Zero(guide)
    with pytest.raises(RuntimeError, match="the guide has not run yet"):
        strategy.reparam(model)()
    guide()
    trace = poutine.trace(strategy.reparam(larger)).get_trace()
    trace.compute_log_prob()
    assert torch.equal(trace.nodes["x"]["value"], torch.zeros(3))
    assert trace.nodes["x"]["is_observed"] and trace.nodes["x"]["log_prob"] == 1.0
    assert trace.nodes["data"]["value"] == 1.0 and isinstance(trace.nodes["data"]["fn"], dist.Normal)
    assert trace.stochastic_nodes == ["other"]
