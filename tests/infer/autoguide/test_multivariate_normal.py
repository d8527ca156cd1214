"""The full-rank guide's distributions and marginals agree with each other."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoMultivariateNormal
from tests.infer.autoguide.cases import eight_schools


def correlated_guide() -> AutoMultivariateNormal:
    guide = AutoMultivariateNormal(eight_schools)
    guide()
    with torch.no_grad():
        for parameter in guide.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape))
    return guide


def test_posterior_is_the_transform_of_the_base() -> None:
    guide = correlated_guide()
    x = torch.randn(10)
    image = torch.distributions.TransformedDistribution(guide.get_base_dist(), guide.get_transform())
    torch.testing.assert_close(image.log_prob(x), guide.get_posterior().log_prob(x), rtol=1e-4, atol=1e-4)


def test_lesson_25a_quantiles_are_those_of_the_marginals() -> None:
    guide = correlated_guide()
    posterior = guide.get_posterior()
    upper = guide.quantiles([0.9])["mu"]
    marginal = dist.Normal(posterior.mean[0], posterior.variance[0].sqrt())
    torch.testing.assert_close(upper, marginal.icdf(torch.tensor([0.9])))


def test_correlations_are_learnt() -> None:
    def model() -> None:
        x = pyro.sample("x", dist.Normal(0.0, 1.0))
        y = pyro.sample("y", dist.Normal(0.0, 1.0))
        pyro.sample("sum", dist.Normal(x + y, 0.5), obs=torch.tensor(1.0))

    guide = AutoMultivariateNormal(model)
    SVI(model, guide, pyro.optim.Adam({"lr": 0.02}), Trace_ELBO(num_particles=4)).run(600, progress_bar=False)
    precision = torch.eye(2) + 4.0
    covariance = guide.get_posterior().covariance_matrix
    expected = precision.inverse()
    assert covariance[0, 1].item() == pytest.approx(expected[0, 1].item(), rel=0.2)
    torch.testing.assert_close(guide.get_posterior().mean, torch.full((2,), 4 / 9), rtol=0, atol=0.1)
