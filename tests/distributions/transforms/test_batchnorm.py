"""Laws of batch normalization; see test_laws.py for those that it shares."""

import torch

import pyro.distributions as dist
from pyro.distributions.transforms.batchnorm import BatchNorm, batchnorm


def test_training_normalizes_the_batch_and_follows_it() -> None:
    flow = batchnorm(3, momentum=0.25).double()
    y = 5 + 2 * torch.randn(40, 3, dtype=torch.float64)
    x = flow.inv(y)
    torch.testing.assert_close(x.mean(0), torch.zeros(3, dtype=torch.float64))
    torch.testing.assert_close(x.std(0), torch.ones(3, dtype=torch.float64), rtol=1e-4, atol=0)
    torch.testing.assert_close(flow.moving_mean, 0.25 * y.mean(0))
    torch.testing.assert_close(flow.moving_variance, 0.75 + 0.25 * y.var(0))
    log_det = flow.log_abs_det_jacobian(x, y)
    torch.testing.assert_close(log_det, y.std(0).log().expand(40, 3), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(flow.moving_mean, 0.25 * y.mean(0))  # scoring alone moves nothing


def test_evaluation_and_single_elements_take_the_running_statistics() -> None:
    flow = BatchNorm(3)
    flow.inv(5 + torch.randn(40, 3))
    mean = flow.moving_mean.clone()
    for value in (torch.randn(3), torch.randn(1, 3)):
        torch.testing.assert_close(flow(flow.inv(value)), value)
    flow.eval()
    y = torch.randn(7, 3)
    torch.testing.assert_close(flow(flow.inv(y)), y)
    assert torch.equal(flow.moving_mean, mean)


def test_scale_stays_positive() -> None:
    flow = BatchNorm(3)
    flow.gamma.data = torch.tensor([-1.0, 0.0, 2.0])
    torch.testing.assert_close(flow.constrained_gamma, torch.tensor([1e-6, 1e-6, 2.0 + 1e-6]))


def test_in_a_distribution_it_scores_batches() -> None:
    density = dist.TransformedDistribution(dist.Normal(torch.zeros(3), 1.0).to_event(1), [BatchNorm(3)])
    assert density.log_prob(torch.randn(8, 3)).shape == (8,)
