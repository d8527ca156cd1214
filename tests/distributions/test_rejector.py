"""Accepted proposals have the stated density."""

import scipy.stats as stats
import torch

import pyro.distributions as dist

UPPER = dist.Rejector(dist.Normal(torch.zeros(2), 1.0), lambda x: (x > 0).float().log(), torch.tensor(0.5).log())


def test_draws_are_accepted_proposals():
    torch.manual_seed(0)
    x = UPPER.sample((2000,))
    assert x.shape == (2000, 2)
    assert stats.kstest(x[:, 0].numpy(), stats.halfnorm.cdf).pvalue > 1e-4
    torch.testing.assert_close(UPPER.log_prob(x), dist.HalfNormal(1.0).log_prob(x))
    assert UPPER.support is dist.Normal.support


def test_score_parts_leave_acceptance_to_the_score_function():
    x = torch.tensor([1.0, 2.0])
    parts = UPPER.score_parts(x)
    torch.testing.assert_close(parts.log_prob, UPPER.log_prob(x))
    torch.testing.assert_close(parts.entropy_term, UPPER.log_prob(x))
    torch.testing.assert_close(parts.score_function, torch.tensor(2.0).log().expand(2))


def test_expands_by_a_wrapper_and_takes_shapes():
    d = dist.Rejector(dist.Normal(0.0, 1.0), torch.zeros_like, 0.0, batch_shape=(), event_shape=())
    assert d.expand([3]).sample().shape == (3,)
