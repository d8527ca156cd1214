"""Draws of a stretched batch are independent and belong to their distributions."""

import pytest
import torch
from torch import Size

from pyro.distributions.batching import draw_expanded
from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.normal import Normal

CASES = [((), ()), ((), (3,)), ((1,), (3,)), ((2, 1), (2, 3)), ((2, 1, 3), (5, 2, 4, 3)), ((1, 2, 1), (4, 3, 2, 5))]


@pytest.mark.parametrize("base_shape, batch_shape", CASES)
@pytest.mark.parametrize("sample_shape", [Size(), Size([6, 2])])
@pytest.mark.parametrize("event_dim", [0, 1])
def test_draws_are_in_their_places_and_all_different(
    base_shape: tuple[int, ...], batch_shape: tuple[int, ...], sample_shape: Size, event_dim: int
) -> None:
    event_shape = Size([7][:event_dim])
    mean = 100.0 * torch.arange(Size(base_shape).numel(), dtype=torch.float64).reshape(Size(base_shape))
    loc = mean.reshape(Size(base_shape) + (1,) * event_dim).expand(Size(base_shape) + event_shape)
    base = Normal(loc, 1.0).to_event(event_dim)
    value = draw_expanded(base.sample, Size(base_shape), sample_shape, Size(batch_shape), event_dim)
    assert value.shape == sample_shape + Size(batch_shape) + event_shape
    expected_mean = mean.expand(batch_shape).reshape(Size(batch_shape) + (1,) * event_dim)
    assert (value - expected_mean).abs().max() < 10
    assert value.unique().numel() == value.numel()


def test_gradients_pass() -> None:
    concentration = torch.ones(2, 1, 3, requires_grad=True)
    base = Dirichlet(concentration)
    draw_expanded(base.rsample, base.batch_shape, Size(), Size([2, 4]), 1)[..., 0].sum().backward()
    assert concentration.grad is not None and concentration.grad.abs().min() > 0
