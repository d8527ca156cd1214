"""Laws of conditional densities with independent noise, against the normal distribution."""

import pytest
import torch
from torch.distributions import Normal

from pyro.ops.affine_normal import AffineNormal, log_peak

X, Y = torch.tensor([0.3, -1.0]).double(), torch.tensor([2.0, 0.5, -0.7]).double()
MATRIX = torch.tensor([[1.0, 0.5, 0.0], [0.2, -1.0, 3.0]]).double()
LOC, SCALE = torch.tensor([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]).double(), torch.tensor([0.1, 1.0, 10.0]).double()
FACTOR = AffineNormal(MATRIX, LOC, SCALE)
EXPECTED = Normal(X @ MATRIX + LOC, SCALE).log_prob(Y).sum(-1)


def test_density_in_all_forms() -> None:
    assert FACTOR.batch_shape == (2,)
    natural = FACTOR.to_gaussian()
    torch.testing.assert_close(natural.log_density(torch.cat([X, Y])), EXPECTED)
    torch.testing.assert_close(FACTOR.condition(Y).log_density(X), EXPECTED)
    torch.testing.assert_close(FACTOR.condition(Y[1:]).condition(Y[:1]).log_density(X), EXPECTED)
    given = FACTOR.left_condition(X)
    assert isinstance(given, AffineNormal)
    torch.testing.assert_close(given.to_gaussian().log_density(Y), EXPECTED)
    partly = FACTOR.left_condition(X[:1]).left_condition(X[1:])
    assert not isinstance(partly, AffineNormal)
    torch.testing.assert_close(partly.log_density(Y), EXPECTED)
    torch.testing.assert_close((FACTOR + FACTOR).log_normalizer, 2 * natural.log_normalizer)
    torch.testing.assert_close((natural + FACTOR).log_normalizer, 2 * natural.log_normalizer)


def test_values_integrate_to_one() -> None:
    exact, natural = FACTOR.marginalize(right=3), FACTOR.to_gaussian().marginalize(right=3)
    assert not exact.precision.any()
    torch.testing.assert_close(natural.precision, exact.precision)
    torch.testing.assert_close(natural.log_normalizer, exact.log_normalizer)
    torch.testing.assert_close(FACTOR.marginalize(left=1).precision, FACTOR.to_gaussian().marginalize(left=1).precision)


def test_draws_need_all_of_the_condition() -> None:
    with pytest.raises(NotImplementedError, match="left_condition"):
        FACTOR.rsample()
    given = FACTOR.left_condition(X)
    assert given.rsample((4,)).shape == (4, 2, 3)
    torch.testing.assert_close(given.rsample(noise=torch.ones(2, 3).double()), X @ MATRIX + LOC + SCALE)
    torch.testing.assert_close(log_peak(SCALE), Normal(0.0, SCALE).log_prob(torch.zeros(3)).sum())
