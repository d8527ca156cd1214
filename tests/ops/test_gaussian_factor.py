"""Laws of Gaussian factors, against dense normal distributions."""

import pytest
import torch
from torch.distributions import MultivariateNormal

from pyro.ops.gaussian_factor import Gaussian


def normal() -> MultivariateNormal:
    torch.manual_seed(0)
    factor = torch.randn(4, 3, 3).double()
    return MultivariateNormal(torch.randn(4, 3).double(), factor @ factor.mT + torch.eye(3))


def natural(mvn: MultivariateNormal) -> Gaussian:
    """The factor of the same shape as the density, and of integral one."""
    precision = mvn.covariance_matrix.inverse()
    factor = Gaussian(torch.zeros(4).double(), (precision @ mvn.loc[..., None])[..., 0], precision)
    return factor - factor.event_logsumexp()


@pytest.mark.parametrize("kept", [slice(0, 3), slice(1, 3), slice(0, 1)], ids=str)
def test_marginal_equals_that_of_the_distribution(kept: slice) -> None:
    mvn, value = normal(), torch.tensor([2.0, 0.5, -0.7]).double()[kept]
    marginal = natural(mvn).marginalize(left=kept.start, right=3 - kept.stop)
    expected = MultivariateNormal(mvn.loc[:, kept], mvn.covariance_matrix[:, kept, kept])
    torch.testing.assert_close(marginal.log_density(value), expected.log_prob(value))


def test_conditioning_on_either_side_leaves_the_density_of_the_rest() -> None:
    factor, value = natural(normal()), torch.tensor([2.0, 0.5, -0.7]).double()
    expected = factor.log_density(value)
    torch.testing.assert_close(factor.condition(value[1:]).log_density(value[:1]), expected)
    torch.testing.assert_close(factor.left_condition(value[:2]).log_density(value[2:]), expected)
    torch.testing.assert_close((factor + factor).log_density(value), 2 * expected)
    torch.testing.assert_close((1.5 + factor - torch.ones(4)).event_logsumexp(), torch.full((4,), 0.5).double())
    with pytest.raises(TypeError):
        factor + "one"


def test_noise_is_coloured_by_the_covariance() -> None:
    mvn = normal()
    factor, noise = natural(mvn), torch.cat([torch.zeros(1, 3), torch.eye(3)]).double()[:, None].expand(4, 4, 3)
    draws = factor.rsample((4,), noise)
    root = (draws[1:] - draws[0]).movedim(0, -1)
    torch.testing.assert_close(draws[0], mvn.loc)
    torch.testing.assert_close(root @ root.mT, mvn.covariance_matrix)
    assert factor.rsample((5,)).shape == (5, 4, 3)
