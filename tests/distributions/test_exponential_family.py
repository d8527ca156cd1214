"""A family defined by its natural parameters gets its entropy from torch and its shapes from Pyro."""

from collections.abc import Sequence

import pytest
import torch
from torch import Size, Tensor
from torch.distributions import constraints

import pyro.distributions as dist


class Waiting(dist.ExponentialFamily):
    """The exponential distribution, by its natural parameter, minus the rate."""

    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    _mean_carrier_measure = 0

    def __init__(self, rate: Tensor, validate_args: bool | None = None) -> None:
        self.rate = rate
        super().__init__(rate.shape, validate_args=validate_args)

    @property
    def _natural_params(self) -> tuple[Tensor]:
        return (-self.rate,)

    def _log_normalizer(self, natural: Tensor) -> Tensor:
        return -(-natural).log()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        return torch.empty(self.shape(sample_shape)).exponential_() / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        if self._validate_args:
            self._validate_sample(value)
        return self.rate.log() - self.rate * value


RATE = torch.tensor([0.5, 3.0])


def test_entropy_follows_from_the_log_normalizer() -> None:
    torch.testing.assert_close(Waiting(RATE).entropy(), dist.Exponential(RATE).entropy())


def test_wrappers_apply() -> None:
    d = Waiting(RATE).to_event(1)
    assert (d.batch_shape, d.event_shape) == (Size(), Size([2]))
    value = torch.tensor([1.0, 2.0])
    torch.testing.assert_close(d.log_prob(value), dist.Exponential(RATE).log_prob(value).sum())


def test_parameters_and_values_are_checked() -> None:
    with pytest.raises(ValueError, match="parameter rate .* of distribution Waiting"):
        Waiting(-RATE)
    with pytest.raises(ValueError, match="within the support"):
        Waiting(RATE).log_prob(torch.tensor(-1.0))


def test_base_class_needs_no_arguments() -> None:
    assert dist.ExponentialFamily().batch_shape == Size()
