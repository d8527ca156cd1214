"""Compound distributions against averages over their priors."""

import pytest
import torch

import pyro.distributions as dist
from pyro.distributions import conjugate

COMPOUNDS = {
    "BetaBinomial": (lambda: dist.BetaBinomial(2.0, 3.0, 4), lambda: dist.Beta(2.0, 3.0),
                     lambda p: dist.Binomial(4, p), torch.arange(5.0)),
    "GammaPoisson": (lambda: dist.GammaPoisson(2.0, 3.0), lambda: dist.Gamma(2.0, 3.0), dist.Poisson,
                     torch.arange(5.0)),
    "DirichletMultinomial": (
        lambda: dist.DirichletMultinomial(torch.tensor([1.0, 2.0, 3.0]), 2),
        lambda: dist.Dirichlet(torch.tensor([1.0, 2.0, 3.0])), lambda p: dist.Multinomial(2, p),
        torch.tensor([[2.0, 0.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])),
}


@pytest.mark.parametrize("name", conjugate.__all__)
def test_the_density_is_the_likelihoods_mean(name):
    compound, prior, likelihood, values = COMPOUNDS[name]
    torch.manual_seed(0)
    n = 20_000
    parameter = prior().sample((n, 1))
    densities = likelihood(parameter).log_prob(values).exp()
    error = (densities.mean(0) - compound().log_prob(values).exp()).abs()
    assert (error <= 5 * densities.std(0) / n**0.5).all()


def test_what_needs_one_count_of_trials_says_so():
    with pytest.raises(NotImplementedError, match="total.count"):
        dist.BetaBinomial(1.0, 2.0, torch.tensor([3.0, 4.0])).enumerate_support()


def test_different_counts_of_trials_can_be_scored():
    values = torch.tensor([[1.0, 1.0, 1.0], [2.0, 2.0, 0.0]])
    both = dist.DirichletMultinomial(torch.ones(3), torch.tensor([3.0, 4.0]))
    assert both.batch_shape == (2,)
    each = [dist.DirichletMultinomial(torch.ones(3), n).log_prob(values[i]) for i, n in enumerate((3, 4))]
    torch.testing.assert_close(both.log_prob(values), torch.stack(each))


def test_infer_shapes_broadcasts():
    assert dist.DirichletMultinomial.infer_shapes((2, 3), (4, 1)) == ((4, 2), (3,))
    assert dist.DirichletMultinomial.infer_shapes(concentration=(2, 3)) == ((2,), (3,))
