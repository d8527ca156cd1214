"""Laws of linear models with noise of any kind."""

from typing import Any

import pytest
import torch

import pyro.distributions as dist

T = 3


def model(observation_dist: Any, duration: int | None = T) -> dist.LinearHMM:
    point = dist.Delta(torch.tensor([1.0, 2.0])).to_event(1)
    return dist.LinearHMM(point, torch.tensor([[0.5, 0.0], [1.0, 1.0]]), point.expand([2, 1]), torch.eye(2),
                          observation_dist, duration=duration)


@pytest.mark.parametrize("sample_shape", [(), (5,), (5, 4)], ids=str)
def test_draws_follow_the_recursion(sample_shape: tuple[int, ...]) -> None:
    hmm = model(dist.Delta(torch.tensor([10.0, 0.0])).to_event(1))
    state, expected = torch.tensor([1.0, 2.0]), []
    for _ in range(T):
        state = state @ hmm.transition_matrix + torch.tensor([1.0, 2.0])
        expected.append(state + torch.tensor([10.0, 0.0]))
    for draws in (hmm.rsample(sample_shape), hmm.sample(sample_shape)):
        assert draws.shape == (*sample_shape, 2, T, 2)
        torch.testing.assert_close(draws, torch.stack(expected).expand(draws.shape))
    assert hmm.expand([4, 2]).sample().shape == (4, 2, T, 2)


def test_transforms_apply_to_the_sum() -> None:
    noise = dist.LogNormal(torch.zeros(2), 1e-6).to_event(1)
    hmm, plain = model(noise), model(dist.Normal(torch.zeros(2), 1e-6).to_event(1))
    assert len(hmm.transforms) == 1 and not plain.transforms
    torch.testing.assert_close(hmm.rsample().log(), plain.rsample(), rtol=1e-4, atol=1e-4)
    assert not hmm.support.check(-torch.ones(T, 2)) and plain.support.check(-torch.ones(T, 2))


def test_noise_decides_on_gradients() -> None:
    assert model(dist.StudentT(2.0, torch.zeros(2), 1.0).to_event(1)).has_rsample
    assert not model(dist.Poisson(torch.ones(2)).to_event(1)).has_rsample


def test_there_is_no_density_and_no_draw_of_unknown_length() -> None:
    noise = dist.Normal(torch.zeros(2), 1.0).to_event(1)
    with pytest.raises(NotImplementedError, match="LinearHMMReparam"):
        model(noise).log_prob(torch.zeros(T, 2))
    with pytest.raises(ValueError, match="needs the number of steps"):
        model(noise, None).rsample()
