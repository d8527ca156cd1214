"""Point mass."""

import pickle

import pytest
import torch

from pyro.distributions.delta import Delta

V = torch.arange(6.0).reshape(2, 3)


@pytest.mark.parametrize("event_dim", [0, 1, 2])
@pytest.mark.parametrize("log_density", [0.0, 1.5])
def test_density_is_at_the_point_only(event_dim: int, log_density: float) -> None:
    delta = Delta(V, log_density, event_dim)
    assert delta.shape() == V.shape
    assert delta.event_dim == event_dim
    assert torch.equal(delta.log_prob(V), torch.full(delta.batch_shape, log_density))
    elsewhere = delta.log_prob(V + 1)
    assert torch.equal(elsewhere, torch.full(delta.batch_shape, -torch.inf))


def test_one_wrong_element_suffices() -> None:
    assert Delta(V, event_dim=1).log_prob(torch.tensor([0.0, 1.0, 2.0])).tolist() == [0.0, -torch.inf]


@pytest.mark.parametrize("sample_shape", [(), (4,)])
def test_draws_and_moments(sample_shape: tuple[int, ...]) -> None:
    delta = Delta(V, event_dim=1)
    assert torch.equal(delta.sample(sample_shape), V.expand((*sample_shape, 2, 3)))
    assert torch.equal(delta.mean, V)
    assert torch.equal(delta.variance, torch.zeros(2, 3))


def test_gradients_reach_the_point_and_the_density() -> None:
    v, log_density = torch.ones(3, requires_grad=True), torch.zeros(3, requires_grad=True)
    delta = Delta(v, log_density)
    x = delta()
    (x.sum() + 2 * delta.log_prob(x).sum()).backward()
    assert v.grad is not None and v.grad.tolist() == [1.0] * 3
    assert log_density.grad is not None and log_density.grad.tolist() == [2.0] * 3


def test_expand_keeps_the_class() -> None:
    delta = Delta(V, 1.0, event_dim=1).expand([5, 2])
    assert type(delta) is Delta
    assert (delta.batch_shape, delta.event_shape) == ((5, 2), (3,))
    assert delta.log_prob(V).shape == (5, 2)


@pytest.mark.parametrize("dtype", [torch.float64, torch.long, torch.bool])
def test_other_dtypes(dtype: torch.dtype) -> None:
    delta = Delta(V.to(dtype))
    assert delta.sample().dtype == dtype
    assert delta.log_prob(V.to(dtype)).eq(0).all()
    assert pickle.loads(pickle.dumps(delta)).v.dtype == dtype


@pytest.mark.parametrize("shape, batch_shape", [((), (2,)), ((2,), (2,)), ((4, 1), (4, 2))])
def test_batch_shapes_broadcast(shape: tuple[int, ...], batch_shape: tuple[int, ...]) -> None:
    delta = Delta(V, torch.ones(shape), event_dim=1)
    assert delta.batch_shape == delta.log_prob(V).shape == batch_shape
    assert delta().shape == (*batch_shape, 3)


def test_errors_name_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="event_dim <= v.dim()"):
        Delta(V, event_dim=3)
    with pytest.raises(ValueError, match="log_density"):
        Delta(V, torch.nan)
    with pytest.raises(ValueError, match="broadcast together"):
        Delta(V, torch.ones(3), event_dim=1)
