"""Zero inflation at the edges: certain and impossible zeros, rare ones, and arguments that do not fit."""

from typing import Any

import pytest
import torch

from pyro.distributions.normal import Normal
from pyro.distributions.poisson import Poisson
from pyro.distributions.zero_inflated import ZeroInflatedDistribution, ZeroInflatedPoisson


@pytest.mark.parametrize(("gate", "value", "expected"), [
    (0.0, 0.0, -2000.0), (0.0, 1.0, 7.600902 - 2000), (1.0, 0.0, 0.0), (1.0, 1.0, -torch.inf),
    (0.5, 0.0, -0.6931472),
])
def test_certain_and_impossible_zeros(gate: float, value: float, expected: float) -> None:
    rate = torch.tensor(2000.0)
    log_prob = ZeroInflatedPoisson(rate, gate=torch.tensor(gate)).log_prob(torch.tensor(value))
    torch.testing.assert_close(log_prob, torch.tensor(expected))


@pytest.mark.parametrize("name", ["gate", "gate_logits"])
@pytest.mark.parametrize("number", [0.0, 1.0])
@pytest.mark.parametrize("rate", [1e-30, 1.0, 1e30])
def test_gradients_are_numbers(name: str, number: float, rate: float) -> None:
    parameters = [torch.tensor(rate, requires_grad=True), torch.tensor(number, requires_grad=True)]
    d = ZeroInflatedPoisson(parameters[0], **{name: parameters[1]})
    gradients: Any = torch.autograd.grad(d.log_prob(torch.tensor(0.0)), parameters)
    assert not torch.stack(gradients).isnan().any()


def test_lesson_25c_each_form_of_the_gate_gives_the_other() -> None:
    d = ZeroInflatedPoisson(torch.ones(2), gate=0.25)
    torch.testing.assert_close(d.gate_logits, torch.tensor([0.25, 0.25]).logit())
    torch.testing.assert_close(ZeroInflatedPoisson(torch.ones(2), gate_logits=d.gate_logits).expand([3, 2]).gate,
                               torch.full((3, 2), 0.25))


@pytest.mark.parametrize("gates", [{}, {"gate": 0.5, "gate_logits": 0.0}])
def test_exactly_one_form_of_the_gate_is_given(gates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="either `gate` or `gate_logits`"):
        ZeroInflatedDistribution(Poisson(1.0), **gates)


def test_events_with_dimensions_are_refused() -> None:
    with pytest.raises(ValueError, match="univariate"):
        ZeroInflatedDistribution(Normal(torch.zeros(2), 1.0).to_event(1), gate=0.5)
