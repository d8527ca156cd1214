"""Integers that cannot occur have probability zero, without NaN in any gradient."""

from typing import Any

import pytest
import torch
from torch import Tensor

from pyro.distributions.extended import ExtendedBetaBinomial, ExtendedBinomial


@pytest.mark.parametrize("build", [
    lambda n, p: ExtendedBinomial(n, probs=p),
    lambda n, p: ExtendedBinomial(n, logits=p),
    lambda n, p: ExtendedBetaBinomial(p, 1.0, n),
], ids=["probs", "logits", "beta"])
def test_only_counts_up_to_the_total_occur(build: Any) -> None:
    parameter = torch.tensor(0.3, requires_grad=True)
    total = torch.tensor([3.0, 3.0, 3.0, 0.0, -2.0, -2.0])
    value = torch.tensor([2.0, 4.0, -1.0, 0.0, -1.0, 0.0])
    log_prob: Tensor = build(total, parameter).log_prob(value)
    assert log_prob.isfinite().tolist() == [True, False, False, True, False, False]
    assert (log_prob[~log_prob.isfinite()] == -torch.inf).all()
    (gradient,) = torch.autograd.grad(log_prob[0], parameter, retain_graph=True)
    (everything,) = torch.autograd.grad(log_prob.sum(), parameter)
    torch.testing.assert_close(everything, gradient)
