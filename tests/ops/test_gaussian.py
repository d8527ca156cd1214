"""Laws of Gaussian factors, against dense normal distributions."""

from typing import Any

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal

from pyro.ops.gaussian import (
    AffineNormal,
    Gaussian,
    gaussian_tensordot,
    matrix_and_mvn_to_gaussian,
    mvn_to_gaussian,
    sequential_gaussian_filter_sample,
    sequential_gaussian_tensordot,
)

X = torch.tensor([0.3, -1.0]).double()
Y = torch.tensor([2.0, 0.5, -0.7]).double()
MATRIX = torch.tensor([[1.0, 0.5, 0.0], [0.2, -1.0, 3.0]]).double()


def spd(*shape: int) -> torch.Tensor:
    factor = torch.randn(*shape, shape[-1]).double()
    return factor @ factor.mT + torch.eye(shape[-1])


def noise(is_diagonal: bool, n: int = 3) -> Any:
    torch.manual_seed(0)
    loc = torch.randn(4, n).double()
    return Independent(Normal(loc, loc.exp()), 1) if is_diagonal else MultivariateNormal(loc, spd(4, n))


@pytest.fixture(params=[True, False], ids=["diagonal", "dense"])
def mvn(request: pytest.FixtureRequest) -> Any:
    return noise(request.param)


def chain(length: int, n: int = 2) -> Gaussian:
    torch.manual_seed(0)
    return Gaussian(torch.randn(3, length).double(), torch.randn(3, length, 2 * n).double(), spd(3, length, 2 * n))


def test_density_is_that_of_the_distribution(mvn: Any) -> None:
    factor = mvn_to_gaussian(mvn)
    torch.testing.assert_close(factor.log_density(Y), mvn.log_prob(Y))
    torch.testing.assert_close(factor.event_logsumexp(), torch.zeros(4).double())
    torch.testing.assert_close((factor + 1.5 - torch.ones(4)).event_logsumexp(), torch.full((4,), 0.5).double())


def test_conditional_density_of_either_side(mvn: Any) -> None:
    factor = matrix_and_mvn_to_gaussian(MATRIX, mvn)
    expected = mvn.log_prob(Y - X @ MATRIX)
    torch.testing.assert_close(factor.condition(Y).log_density(X), expected)
    given_x = factor.left_condition(X)
    given_x = given_x.to_gaussian() if isinstance(given_x, AffineNormal) else given_x
    torch.testing.assert_close(given_x.log_density(Y), expected)
    torch.testing.assert_close(factor.condition(Y[1:]).condition(Y[:1]).log_density(X), expected)
    torch.testing.assert_close(factor.left_condition(X[:1]).left_condition(X[1:]).log_density(Y), expected)
    torch.testing.assert_close(factor.marginalize(right=3).precision, torch.zeros(4, 2, 2).double())
    torch.testing.assert_close((factor + factor).log_normalizer, 2 * (factor + 0.0).log_normalizer)


def test_other_distributions_are_refused() -> None:
    with pytest.raises(ValueError, match="got a Normal"):
        mvn_to_gaussian(Normal(0.0, 1.0))


@pytest.mark.parametrize("dims", [0, 1, 3])
def test_tensordot_is_marginal_of_product(dims: int) -> None:
    x, y = chain(5)[:, 0], chain(5)[:, 1]
    rest = gaussian_tensordot(x, y, dims)
    order = [*range(4 - dims), *range(4, 8 - dims), *range(4 - dims, 4)]
    product = x.event_pad(right=4 - dims) + y.event_pad(left=4 - dims)
    expected = product.event_permute(torch.tensor(order)).marginalize(right=dims)
    value = torch.linspace(-1, 1, 8 - 2 * dims).double()
    torch.testing.assert_close(rest.log_density(value), expected.log_density(value))


@pytest.mark.parametrize("length", [1, 2, 3, 6])
def test_chain_equals_products_one_by_one(length: int) -> None:
    factors = chain(length)
    expected = factors[:, 0]
    for step in range(1, length):
        expected = gaussian_tensordot(expected, factors[:, step], 2)
    value = torch.linspace(-1, 1, 4).double()
    torch.testing.assert_close(sequential_gaussian_tensordot(factors).log_density(value), expected.log_density(value))


@pytest.mark.parametrize("length", [1, 2, 5])
def test_filter_sample_follows_the_dense_joint_distribution(length: int) -> None:
    """Draws are linear in the noise: its zero gives the mean, its unit vectors a factor of the covariance."""
    factors, n = chain(length), 2 * (length + 1)
    init = Gaussian(torch.zeros(()).double(), X, torch.eye(2).double())
    joint = init.event_pad(right=2 * length).expand((3,))
    for step in range(length):
        joint = joint + factors[:, step].event_pad(left=2 * step, right=2 * (length - 1 - step))
    inputs = torch.cat([torch.zeros(1, n), torch.eye(n)]).double()
    inputs = inputs.reshape(n + 1, 1, length + 1, 2).expand(-1, 3, -1, -1)
    draws = sequential_gaussian_filter_sample(init, factors, (n + 1,), inputs).flatten(-2)
    mean, factor = draws[0], (draws[1:] - draws[0]).movedim(0, -1)
    torch.testing.assert_close(factor @ factor.mT, joint.precision.inverse())
    torch.testing.assert_close(mean, (joint.precision.inverse() @ joint.info_vec[..., None])[..., 0])


def test_noise_of_another_shape_is_refused() -> None:
    init = Gaussian(torch.zeros(()).double(), X, torch.eye(2).double())
    with pytest.raises(ValueError, match="noise has shape"):
        sequential_gaussian_filter_sample(init, chain(3), (), torch.zeros(2))
