"""Counts of trials may differ in a batch."""

import torch

import pyro.distributions as dist


def test_draws_of_different_counts_have_their_moments() -> None:
    d = dist.DirichletMultinomial(torch.tensor([1.0, 2.0, 0.5, 3.0, 1.0]).double(), torch.tensor([0.0, 1.0, 30.0]))
    torch.manual_seed(0)
    draws = d.sample((20_000,))
    assert (draws.sum(-1) == torch.tensor([0.0, 1.0, 30.0])).all()
    error = (d.variance / len(draws)).sqrt()
    assert (abs(draws.mean(0) - d.mean) <= 5 * error).all()
    fourth = (draws - d.mean).pow(4).mean(0)
    assert (abs(draws.var(0) - d.variance) <= 5 * ((fourth - d.variance**2) / len(draws)).sqrt()).all()
