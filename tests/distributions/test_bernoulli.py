"""Log probabilities at the edges, of every kind of value; the rest has rows in ``table.py``."""

import math
from typing import Any

import pytest
import torch

import pyro.distributions as dist

EDGES = [1e-14, 1e-10, 1e-5, 0.3, 0.5, 0.9, 1 - 1e-5, 1 - 1e-10, 1 - 1e-14]


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("p", EDGES)
def test_values_and_gradients_are_exact_near_zero_and_one(p: float, value: float) -> None:
    probs = torch.tensor(p, dtype=torch.float64, requires_grad=True)
    log_prob = dist.Bernoulli(probs).log_prob(torch.tensor(value, dtype=torch.float64))
    gradient, = torch.autograd.grad(log_prob, probs)
    assert log_prob.item() == pytest.approx(math.log(p) if value else math.log1p(-p), rel=1e-12)
    assert gradient.item() == pytest.approx(1 / p if value else -1 / (1 - p), rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("p, value", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (1.0, 1.0)])
def test_certain_outcomes_stay_finite_as_torchs(p: float, value: float, dtype: torch.dtype) -> None:
    outcome = torch.tensor(value, dtype=dtype)
    ours = dist.Bernoulli(torch.tensor(p, dtype=dtype)).log_prob(outcome)
    theirs = torch.distributions.Bernoulli(torch.tensor(p, dtype=dtype)).log_prob(outcome)
    assert ours.isfinite()
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=torch.finfo(dtype).eps)


@pytest.mark.parametrize("logits", [-200.0, -30.0, 0.0, 30.0, 200.0])
def test_logits_keep_their_digits(logits: float) -> None:
    log_prob = dist.Bernoulli(logits=torch.tensor(logits)).log_prob(torch.tensor([0.0, 1.0]))
    exact = [-max(x, 0.0) - math.log1p(math.exp(-abs(x))) for x in (logits, -logits)]
    torch.testing.assert_close(log_prob, torch.tensor(exact))


def test_nan_is_passed_on_where_nothing_is_checked() -> None:
    nan = torch.tensor(math.nan)
    assert dist.Bernoulli(nan, validate_args=False).log_prob(torch.tensor(1.0)).isnan()
    assert dist.Bernoulli(torch.tensor(0.5), validate_args=False).log_prob(nan).isnan()


@pytest.mark.parametrize("parameter", ["probs", "logits"])
@pytest.mark.parametrize("value", [1, True, 1.0])
def test_outcomes_of_any_type_are_scored(value: Any, parameter: str) -> None:
    d = dist.Bernoulli(**{parameter: torch.tensor([0.25, 0.5])}, validate_args=False)
    expected = d.log_prob(torch.ones(2))
    assert expected.dtype == torch.float32
    assert torch.equal(d.log_prob(torch.tensor(value)), expected)
    assert torch.equal(d.log_prob(value), expected)


@pytest.mark.parametrize("batch, value", [((), (3,)), ((3,), ()), ((2, 1), (3,)), ((3,), (2, 1)), ((1,), (4, 3))])
def test_shapes_broadcast(batch: tuple[int, ...], value: tuple[int, ...]) -> None:
    d = dist.Bernoulli(torch.full(batch, 0.25))
    assert d.log_prob(torch.ones(value)).shape == torch.broadcast_shapes(batch, value)


def test_enumerated_values_sum_to_one() -> None:
    d = dist.Bernoulli(torch.tensor([0.25, 0.9]))
    torch.testing.assert_close(d.log_prob(d.enumerate_support(expand=False)).exp().sum(0), torch.ones(2))


def test_grey_values_are_scored_linearly() -> None:
    d = dist.Bernoulli(torch.tensor(0.2), validate_args=False)
    expected = 0.3 * math.log(0.2) + 0.7 * math.log(0.8)
    assert d.log_prob(torch.tensor(0.3)).item() == pytest.approx(expected, rel=1e-6)
