"""The deprecated name of LKJCholesky, which has a row in ``table.py``."""

import pytest
import scipy.stats as stats
import torch

import pyro.distributions as dist


def test_old_name_warns_and_is_the_same_distribution() -> None:
    with pytest.warns(FutureWarning, match="LKJCholesky"):
        old = dist.LKJCorrCholesky(3, torch.tensor(2.0))
    new = dist.LKJCholesky(3, torch.tensor(2.0)).expand([4])
    value = new.sample()
    assert isinstance(old.expand([4]), dist.LKJCorrCholesky)
    assert torch.equal(old.expand([4]).log_prob(value), new.log_prob(value))


def test_matrix_has_the_density_of_its_factor() -> None:
    concentration = torch.tensor([1.0, 2.5], dtype=torch.float64)
    factor = dist.LKJCholesky(4, concentration).sample()
    matrix = dist.LKJ(4, concentration)
    expected = torch.distributions.TransformedDistribution(
        torch.distributions.LKJCholesky(4, concentration), dist.transforms.CorrMatrixCholeskyTransform().inv)
    torch.testing.assert_close(matrix.log_prob(factor @ factor.mT), expected.log_prob(factor @ factor.mT))
    assert matrix.support.check(matrix.sample((100,))).all()
    with pytest.raises(NotImplementedError):
        matrix.cdf(matrix.mean)


def test_draws_have_the_marginal_of_a_correlation() -> None:
    torch.manual_seed(0)
    correlation = dist.LKJ(4, torch.tensor(1.5)).sample((4000,))[:, 3, 1]
    reference = stats.beta(1.5 + 1, 1.5 + 1, loc=-1, scale=2)  # eta - 1 + K / 2, on (-1, 1)
    assert stats.kstest(correlation.numpy(), reference.cdf).pvalue > 1e-4
