"""Straight-through draws are discrete, carry the relaxed draw's gradient and are scored by its density."""

import gc

import pytest
import torch

import pyro.distributions as dist
from pyro.distributions.relaxed_straight_through import _RELAXED, QuantizeBernoulli, QuantizeCategorical

T = torch.tensor(0.5)
CASES = [
    (dist.RelaxedBernoulliStraightThrough, dist.RelaxedBernoulli, torch.tensor([0.2, 0.7])),
    (dist.RelaxedOneHotCategoricalStraightThrough, dist.RelaxedOneHotCategorical, torch.tensor([[0.2, 0.5, 0.3]])),
]


@pytest.mark.parametrize(("family", "relaxed", "probs"), CASES)
def test_draws_are_rounded_and_scored_as_relaxed(family, relaxed, probs):
    probs = probs.clone().requires_grad_()
    torch.manual_seed(0)
    hard = family(T, probs).rsample((7,))
    torch.manual_seed(0)
    soft = relaxed(T, probs).rsample((7,))
    assert (hard % 1 == 0).all()
    torch.testing.assert_close(family(T, probs).log_prob(hard), relaxed(T, probs).log_prob(soft))
    weights = torch.randn_like(soft)
    grads = [torch.autograd.grad((x * weights).sum(), probs)[0] for x in (hard, soft)]
    torch.testing.assert_close(grads[0], grads[1])


@pytest.mark.parametrize(("quantize", "expected"), [(QuantizeBernoulli, [0.0, 0.0, 1.0]),
                                                    (QuantizeCategorical, [0.0, 0.0, 1.0])])
def test_rounding_passes_the_gradient_on(quantize, expected):
    soft = torch.tensor([0.3, 0.4, 0.7], requires_grad=True)
    hard = quantize.apply(soft)
    assert hard.tolist() == expected
    assert torch.autograd.grad((hard * torch.arange(3.0)).sum(), soft)[0].tolist() == [0.0, 1.0, 2.0]


def test_relaxed_draws_are_forgotten_with_the_rounded_ones():
    gc.collect()
    before = len(_RELAXED)
    hard = dist.RelaxedBernoulliStraightThrough(T, torch.tensor([0.2])).rsample()
    assert len(_RELAXED) == before + 1
    del hard
    gc.collect()
    assert len(_RELAXED) == before
