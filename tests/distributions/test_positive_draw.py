"""Draws of positive counts fit the distribution given that it is not zero."""

from typing import Any

import pytest
import torch
from torch import Size

import pyro.distributions as dist
from pyro.distributions.positive_draw import positive_draw

DRAWS = 20_000


@pytest.mark.parametrize("d", [
    dist.Poisson(torch.tensor([1e-6, 2.0])),
    dist.NegativeBinomial(torch.tensor([0.5, 3.0]), torch.tensor([0.01, 0.6])),
    dist.GammaPoisson(torch.tensor([0.5, 3.0]), torch.tensor([100.0, 1.5])),
    dist.Binomial(torch.tensor([5.0, 2.0]), torch.tensor([0.01, 0.6])),
    dist.Geometric(torch.tensor([0.9, 0.2])),
    dist.Bernoulli(torch.tensor([0.1, 0.9])),
    dist.BetaBinomial(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0]), torch.tensor([4.0, 4.0])),
], ids=lambda d: type(d).__name__)
def test_frequencies_are_those_of_the_truncated_law(d: Any) -> None:
    torch.manual_seed(0)
    value = positive_draw(d, Size([DRAWS]))
    assert value.shape == (DRAWS, 2)
    assert (value >= 1).all()
    assert (value % 1 == 0).all()
    log_positive = torch.log(-torch.expm1(d.log_prob(torch.zeros(2)).double()))
    for k in (1.0, 2.0):
        is_possible = torch.tensor([not (isinstance(d, dist.Bernoulli) and k > 1)] * 2)
        count = torch.full((2,), k) if is_possible.all() else torch.ones(2)
        share = torch.exp(d.log_prob(count).double() - log_positive) * is_possible
        error = 5 * (share * (1 - share).clamp(min=0) / DRAWS).sqrt() + 1e-3
        assert ((value == k).double().mean(0) - share).abs().le(error).all()
