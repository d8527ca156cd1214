"""Geometric at the ends of its range; the middle has a row in ``table.py``."""

import pytest
import torch

import pyro.distributions as dist


@pytest.mark.parametrize("logit", [-1000.0, -50.0, 50.0, 1000.0])
def test_log_prob_and_gradient_stay_finite(logit: float) -> None:
    logits = torch.tensor(logit, requires_grad=True)
    log_prob = dist.Geometric(logits=logits).log_prob(torch.tensor([0.0, 1.0, 10.0]))
    expected = [min(logit, 0.0) - k * max(logit, 0.0) for k in (0, 1, 10)]
    torch.testing.assert_close(log_prob, torch.tensor(expected))
    log_prob.sum().backward()
    assert logits.grad is not None and logits.grad.isfinite()


def test_certain_success() -> None:
    log_prob = dist.Geometric(1.0).log_prob(torch.tensor([0.0, 1.0]))
    assert log_prob[0] == pytest.approx(0.0, abs=1e-6)
    assert log_prob[1] < -15


def test_impossible_success_is_refused() -> None:
    with pytest.raises(ValueError, match="parameter probs .* of distribution Geometric"):
        dist.Geometric(torch.tensor([0.5, 0.0]))
