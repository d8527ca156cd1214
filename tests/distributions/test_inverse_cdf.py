"""Draws by the inverse cdf: shape, dtype, gradients, and noise that never is zero."""

from collections.abc import Iterator

import pytest
import torch
from torch import Size, Tensor
from torch.distributions import constraints

from pyro.distributions.inverse_cdf import InverseCdf
from pyro.distributions.parametric import Parametric


class Exponential(Parametric, InverseCdf):
    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    rate: Tensor

    def icdf(self, value: Tensor) -> Tensor:
        return -value.log() / self.rate


@pytest.fixture
def zeros(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(torch, "rand", lambda *args, **kwargs: torch.zeros(*args, **kwargs))
    yield


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_draws_follow_the_parameters(dtype: torch.dtype) -> None:
    rate = torch.tensor([1.0, 2.0], dtype=dtype, requires_grad=True)
    draws = Exponential(rate=rate).rsample(Size([3]))
    assert draws.shape == (3, 2)
    assert draws.dtype == dtype
    assert draws.requires_grad


@pytest.mark.usefixtures("zeros")
def test_noise_of_zero_gives_a_finite_draw() -> None:
    assert Exponential(rate=torch.tensor(1.0)).rsample().isfinite()
