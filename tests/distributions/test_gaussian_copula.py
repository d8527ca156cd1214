"""What a copula needs, and how its elements depend on each other."""

import pytest
import torch

import pyro.distributions as dist
from pyro.distributions.gaussian_copula import GaussianCopula
from tests.distributions.case import t

CORRELATION = t([1.0, 0.8], [0.8, 1.0])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"batch_shape \(..., n\)"):
        GaussianCopula(dist.Normal(0.0, 1.0), CORRELATION)
    with pytest.raises(ValueError, match="exactly one .* got none"):
        GaussianCopula(dist.Normal(torch.zeros(2), 1.0))
    with pytest.raises(ValueError, match="exactly one .* got correlation_matrix, correlation_cholesky"):
        GaussianCopula(dist.Normal(torch.zeros(2), 1.0), CORRELATION, torch.eye(2))


def test_normal_marginals_make_a_multivariate_normal() -> None:
    loc, scale = t(1.0, -2.0), t(0.5, 3.0)
    copula = GaussianCopula(dist.Normal(loc, scale), CORRELATION)
    normal = dist.MultivariateNormal(loc, scale.unsqueeze(-1) * CORRELATION * scale)
    value = copula.sample((50,))
    torch.testing.assert_close(copula.log_prob(value), normal.log_prob(value))
    torch.testing.assert_close(copula.correlation_matrix, CORRELATION)


def test_ranks_of_draws_are_correlated_as_stated() -> None:
    torch.manual_seed(0)
    copula = dist.GaussianCopulaBeta(t(2.0, 0.5), t(3.0, 1.0), CORRELATION)
    z = torch.special.ndtri(copula.marginal_dist.cdf(copula.sample((2000,))))
    assert abs(torch.corrcoef(z.T)[0, 1] - 0.8) < 5 * (1 - 0.8**2) / 2000**0.5


def test_draws_have_the_gradients_of_the_quantiles() -> None:
    first = t(2.0, 0.5).requires_grad_()
    torch.manual_seed(0)
    draw = dist.GaussianCopulaBeta(first, t(3.0, 1.0), CORRELATION).rsample()
    (gradient,) = torch.autograd.grad(draw.sum(), first)
    torch.manual_seed(0)
    above = dist.GaussianCopulaBeta(first.detach() + 1e-6, t(3.0, 1.0), CORRELATION).rsample()
    torch.testing.assert_close(gradient, (above - draw.detach()) / 1e-6, rtol=1e-4, atol=1e-6)


def test_marginals_without_gradients_have_none_here() -> None:
    marginals = dist.Normal(torch.zeros(2).double(), 1.0).has_rsample_(False)
    with pytest.raises(NotImplementedError, match=r"Use sample\(\)"):
        GaussianCopula(marginals, CORRELATION).rsample()
