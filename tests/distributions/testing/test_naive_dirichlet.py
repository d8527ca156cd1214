"""Normalised Gamma variables have the Beta and Dirichlet distributions."""

import scipy.stats as stats
import torch

from pyro.distributions.testing.naive_dirichlet import NaiveBeta, NaiveDirichlet


def test_beta():
    torch.manual_seed(0)
    d = NaiveBeta(torch.tensor([2.0, 0.5]), torch.tensor([1.0, 3.0]))
    x = d.rsample((2000,)).numpy()
    assert stats.kstest(x[:, 0], stats.beta(2, 1).cdf).pvalue > 1e-4
    assert stats.kstest(x[:, 1], stats.beta(0.5, 3).cdf).pvalue > 1e-4


def test_dirichlet():
    torch.manual_seed(0)
    concentration = torch.tensor([2.0, 0.5, 1.0], requires_grad=True)
    x = NaiveDirichlet(concentration).rsample((2000,))
    assert stats.kstest(x[:, 1].detach().numpy(), stats.beta(0.5, 3).cdf).pvalue > 1e-4
    assert x[:, 0].sum().requires_grad
