"""Laws of Gaussian factors with an unknown multiplier, against normal and gamma densities."""

import pytest
import torch

import pyro.distributions as dist
from pyro.ops.gamma_gaussian import (
    Gamma,
    GammaGaussian,
    gamma_and_mvn_to_gamma_gaussian,
    gamma_gaussian_tensordot,
    matrix_and_mvn_to_gamma_gaussian,
    scale_mvn,
)

X = torch.tensor([0.3, -1.0]).double()
Y = torch.tensor([2.0, 0.5]).double()
S = torch.tensor(0.7).double()
MVN = dist.MultivariateNormal(X + 1, torch.tensor([[2.0, 0.5], [0.5, 1.0]]).double())
GAMMA = dist.Gamma(torch.tensor([2.0, 3.0]).double(), torch.tensor(1.5).double())
MATRIX = torch.tensor([[1.0, 0.5], [0.2, -1.0]]).double()
JOINT = gamma_and_mvn_to_gamma_gaussian(GAMMA, MVN)
STEP = matrix_and_mvn_to_gamma_gaussian(MATRIX, dist.MultivariateNormal(torch.zeros(2).double(), MVN.covariance_matrix))


def scaled(loc: torch.Tensor) -> dist.MultivariateNormal:
    return dist.MultivariateNormal(loc, MVN.covariance_matrix / S)


def test_joint_density_is_the_product() -> None:
    expected = GAMMA.log_prob(S) + scaled(MVN.loc).log_prob(X)
    torch.testing.assert_close(JOINT.log_density(X, S), expected)
    torch.testing.assert_close(JOINT.condition(X).log_density(X[:0], S), expected)
    torch.testing.assert_close(JOINT.event_logsumexp().log_density(S), GAMMA.log_prob(S))
    torch.testing.assert_close((JOINT + 2.0).event_logsumexp().logsumexp(), torch.full((2,), 2.0).double())


def test_conditional_density() -> None:
    value = torch.cat([X, Y])
    torch.testing.assert_close(STEP.log_density(value, S), scaled(X @ MATRIX).log_prob(Y))
    torch.testing.assert_close(scale_mvn(MVN, S).log_prob(X), scaled(MVN.loc).log_prob(X))


def test_marginal_over_the_multiplier_is_students_t() -> None:
    grid = torch.linspace(1e-4, 60, 200_001).double()
    density = torch.trapezoid(JOINT[1].log_density(X, grid).exp(), grid)
    torch.testing.assert_close(JOINT.compound().log_prob(X)[1], density.log(), rtol=1e-6, atol=1e-6)


def test_tensordot_is_marginal_of_product() -> None:
    rest = gamma_gaussian_tensordot(JOINT, STEP, 2)
    product = JOINT.event_pad(right=2) + STEP
    torch.testing.assert_close(rest.log_density(Y, S), product.marginalize(left=2).log_density(Y, S))
    outer = gamma_gaussian_tensordot(JOINT, JOINT)
    expected = JOINT.log_density(X, S) + JOINT.log_density(Y, S)
    torch.testing.assert_close(outer.log_density(torch.cat([X, Y]), S), expected)
    assert JOINT.marginalize() is JOINT


def test_sum_with_another_kind_is_refused() -> None:
    with pytest.raises(TypeError):
        JOINT + Gamma(S, S, S)
    assert GammaGaussian.cat([JOINT, JOINT]).batch_shape == (4,)
