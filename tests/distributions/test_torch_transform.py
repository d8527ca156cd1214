"""Laws of transforms that are modules, and of caches that are emptied."""

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import transforms as torch_transforms

import pyro
import pyro.distributions as dist
from pyro.distributions import constraints
from pyro.distributions import transforms as T
from pyro.distributions.torch_transform import ComposeTransformModule, TransformModule, clear_cache
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam


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


class Shift(TransformModule):
    """A transform as users write them, under torch's cache."""

    domain = codomain = constraints.real_vector
    bijective = True

    def __init__(self) -> None:
        super().__init__(cache_size=1)
        self.by = torch.nn.Parameter(torch.zeros(2))

    def _call(self, x: Tensor) -> Tensor:
        return x + self.by

    def _inverse(self, y: Tensor) -> Tensor:
        return y - self.by

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.zeros(x.shape[:-1])


SCORED = {"flow": lambda: T.affine_autoregressive(2), "composition": composition, "user's": Shift,
          "user's inverse": lambda: Shift().inv, "inverse only": lambda: T.planar(2).inv,
          "inverses only": lambda: T.iterated(2, T.radial, 2).inv, "batch": lambda: T.batchnorm(2)}


def density_and_model(build: Any) -> tuple[Any, Any]:
    transform, data = build(), torch.randn(4, 2)
    module = transform if isinstance(transform, torch.nn.Module) else transform.inv
    density = dist.TransformedDistribution(dist.Normal(torch.zeros(2), 1.0).to_event(1), [transform])

    def model() -> None:
        pyro.module("flow", module)
        with pyro.plate("rows", 4):
            pyro.sample("x", density, obs=data)

    return density, model


@pytest.mark.parametrize("name", SCORED)
def test_the_same_data_are_scored_again_and_again(name: str) -> None:
    """By each particle and in each step; parameters need not have changed, and no cache is emptied by the user."""
    density, model = density_and_model(SCORED[name])
    elbo = Trace_ELBO(num_particles=2)
    with pyro.get_param_store().scope():
        losses = [elbo.loss_and_grads(model, lambda: None) for _ in range(2)]
        assert losses[0] == losses[1]
        svi = SVI(model, lambda: None, Adam({"lr": 0.01}), elbo)
        assert svi.step() == losses[0] != svi.step()


@pytest.mark.parametrize("name", ["flow", "user's inverse", "inverse only"])
def test_compiled_runs_score_the_same_data(name: str) -> None:
    torch.manual_seed(0)
    density, model = density_and_model(SCORED[name])
    with pyro.get_param_store().scope():
        svi = SVI(model, lambda: None, Adam({"lr": 0.01}), Trace_ELBO(num_particles=2))
        result = svi.run(6, progress_bar=False)
        assert result.parts[-1].how != "eager"
        last = svi.step()
    assert result.losses[0] > result.losses[-1] > last


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("name", [name for name in SCORED if not name.startswith("user")])
def test_densities_that_were_scored_can_be_copied(name: str, duplicate: Any) -> None:
    density, model = density_and_model(SCORED[name])
    with pyro.get_param_store().scope():
        SVI(model, lambda: None, Adam({"lr": 0.01}), Trace_ELBO()).step()
    x = torch.randn(3, 2)
    other = duplicate(density)
    torch.testing.assert_close(other.log_prob(x), density.log_prob(x))
    torch.testing.assert_close(duplicate(other.transforms[0]).inv(x), density.transforms[0].inv(x))


def test_points_that_are_trained_themselves() -> None:
    """The argument stays the same tensor, but its values and the graph do not."""
    flow, point = composition(), torch.zeros(2, requires_grad=True)
    values = []
    for _ in range(3):
        y = flow(point)
        values.append(y.detach().clone())
        y.sum().backward()
        with torch.no_grad():
            point -= 0.1
    assert not torch.equal(values[0], values[1]) and not torch.equal(values[1], values[2])
