"""Laws of transforms that are modules, and of caches that are emptied."""

import copy
import pickle
from typing import Any

import pytest
import torch
from torch.distributions import transforms as torch_transforms

import pyro.distributions as dist
from pyro.distributions import transforms as T
from pyro.distributions.torch_transform import ComposeTransformModule, clear_cache


def composition() -> ComposeTransformModule:
    return ComposeTransformModule([T.affine_autoregressive(2), T.permute(2), T.affine_coupling(2)])


def test_modules_among_the_parts_are_submodules() -> None:
    flow = composition()
    assert len(flow) == 2 and len(flow.parts) == 3
    assert {name.split(".")[0] for name, _ in flow.named_parameters()} == {"0", "1"}
    other = composition()
    other.load_state_dict(flow.state_dict())
    other.parts[1] = flow.parts[1]
    x = torch.randn(5, 2)
    assert torch.equal(flow(x), other(x))
    assert hash(flow) != hash(other) and isinstance(flow.inv, torch_transforms.ComposeTransform)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda flow: pickle.loads(pickle.dumps(flow))])
def test_used_composition_can_be_copied(duplicate: Any) -> None:
    flow, x = composition(), torch.randn(5, 2)
    y = flow(x)
    other = duplicate(flow)
    assert torch.equal(other(x), y)
    for before, after in zip(flow.parameters(), other.parameters(), strict=True):
        assert torch.equal(before, after) and before is not after


@pytest.mark.parametrize("build", [
    lambda: torch_transforms.ExpTransform(cache_size=1),
    lambda: torch_transforms.ExpTransform(cache_size=1).inv,
    lambda: torch_transforms.IndependentTransform(torch_transforms.ExpTransform(), 1, cache_size=1),
    lambda: T.permute(2),
    lambda: T.planar(2),
    composition,
    lambda: composition().with_cache(1),
])
def test_caches_are_emptied(build: Any) -> None:
    transform, x = build(), torch.rand(2)
    with torch.no_grad():
        y = transform(x)
        assert transform(x) is y
        clear_cache(transform)
        assert transform(x) is not y
        y = transform(x)
        dist.TransformedDistribution(dist.Normal(torch.zeros(2), 1.0), transform).clear_cache()
        assert transform(x) is not y


def test_training_needs_no_emptying() -> None:
    """The same tensor of data is scored in each step, with parameters that have changed."""
    flow = composition()
    density = dist.TransformedDistribution(dist.Normal(torch.zeros(2), 1.0).to_event(1), [flow])
    data = torch.randn(50, 2) @ torch.tensor([[1.0, 0.5], [0.0, 0.5]]) + 2.0
    optimizer = torch.optim.Adam(flow.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = -density.log_prob(data).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] - 1.0
