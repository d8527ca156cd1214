"""The exponential distribution by rejection is an exponential distribution."""

import scipy.stats as stats
import torch

from pyro.distributions.testing.rejection_exponential import RejectionExponential


def test_density_and_draws():
    d = RejectionExponential(torch.tensor([1.0, 20.0]), torch.tensor(0.5))
    torch.manual_seed(0)
    x = d.sample((2000,))
    torch.testing.assert_close(d.log_prob(x), torch.distributions.Exponential(d.rate).log_prob(x))
    assert stats.kstest((x * d.rate)[:, 1].numpy(), stats.expon.cdf).pvalue > 1e-4


def test_score_function_has_mean_gradient_zero_when_added_to_the_path():
    rate = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    d = RejectionExponential(rate, torch.tensor(0.5, dtype=torch.float64))
    torch.manual_seed(0)
    x = d.rsample((20_000,))
    score = d.score_parts(x).score_function
    costs = x + x.detach() * (score - score.detach())
    grad, = torch.autograd.grad(costs.mean(), rate)
    assert abs(grad.item() - -1 / 4) < 0.03  # d/dr 1/r; the terms' standard error is below 0.006
