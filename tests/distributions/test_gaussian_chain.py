"""Laws of filtering, conditioning and drawing in Gaussian hidden Markov models, against dense normal distributions."""

from typing import Any

import pytest
import torch

import pyro.distributions as dist

T = 4


def normal(is_diagonal: bool, n: int, *batch: int) -> Any:
    loc = torch.randn(*batch, n).double()
    if is_diagonal:
        return dist.Normal(loc, 0.3 + loc.square()).to_event(1)
    factor = torch.randn(n, n).double()
    return dist.MultivariateNormal(loc, factor @ factor.mT + torch.eye(n))


@pytest.fixture(params=[True, False], ids=["diagonal", "dense"])
def hmm(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(0)
    d = request.param
    return dist.GaussianHMM(normal(d, 2, 3), torch.randn(T, 2, 2).double(), normal(d, 2, T),
                            torch.randn(2, 1).double(), normal(d, 1))


def value(*batch: int) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(*batch, T, 1).double()


def dense(hmm: Any) -> dist.MultivariateNormal:
    """The joint distribution of all values, from the density's derivatives."""
    zero = torch.zeros(3, T).double()

    def log_prob(x: torch.Tensor) -> torch.Tensor:
        return hmm.log_prob(x[..., None])  # type: ignore[no-any-return]

    gradient = torch.func.jacrev(lambda x: log_prob(x).sum())(zero)
    hessian = torch.func.jacrev(torch.func.jacrev(lambda x: log_prob(x.expand(3, T))))(zero[0])
    covariance = (-hessian).inverse()
    return dist.MultivariateNormal((covariance @ gradient[..., None])[..., 0], (covariance + covariance.mT) / 2)


def test_draws_have_the_densitys_moments(hmm: Any) -> None:
    torch.manual_seed(2)
    draws, expected = hmm.rsample((20_000,))[..., 0], dense(hmm)
    error = (expected.variance / 20_000).sqrt()
    assert ((draws.mean(0) - expected.mean).abs() < 5 * error).all()
    assert ((draws.var(0) / expected.variance - 1).abs() < 5 * (2 / 20_000) ** 0.5).all()


def test_prefix_leaves_the_conditional_density(hmm: Any) -> None:
    x = value(3)
    for steps in (1, 3):
        rest = hmm.prefix_condition(x[:, :steps])
        joint = dense(hmm)
        marginal = dist.MultivariateNormal(joint.loc[:, :steps], joint.covariance_matrix[:, :steps, :steps])
        expected = hmm.log_prob(x) - marginal.log_prob(x[:, :steps, 0])
        torch.testing.assert_close(rest.log_prob(x[:, steps:]), expected)
        torch.testing.assert_close(rest.filter(x[:, steps:]).mean, hmm.filter(x).mean)
        assert rest.rsample((2,)).shape == (2, 3, T - steps, 1)
    with pytest.raises(ValueError, match="fewer than the duration"):
        hmm.prefix_condition(x)


@pytest.mark.parametrize("is_diagonal", [True, False])
def test_conjugate_update_factors_the_product(hmm: Any, is_diagonal: bool) -> None:
    torch.manual_seed(3)
    likelihood = normal(is_diagonal, 1, 3, T).to_event(1)
    updated, log_normalizer = hmm.conjugate_update(likelihood)
    x = value(3)
    torch.testing.assert_close(updated.log_prob(x) + log_normalizer, hmm.log_prob(x) + likelihood.log_prob(x))
    joint = dense(updated)
    torch.testing.assert_close(updated.log_prob(x), joint.log_prob(x[..., 0]))
    draws = updated.rsample((20_000,))[..., 0]
    assert ((draws.mean(0) - joint.mean).abs() < 5 * (joint.variance / 20_000).sqrt()).all()
    rest = updated.prefix_condition(x[:, :2])
    marginal = dist.MultivariateNormal(joint.loc[:, :2], joint.covariance_matrix[:, :2, :2])
    torch.testing.assert_close(rest.log_prob(x[:, 2:]), updated.log_prob(x) - marginal.log_prob(x[:, :2, 0]))


def test_conjugate_update_refuses_other_likelihoods(hmm: Any) -> None:
    with pytest.raises(TypeError, match="got a Normal"):
        hmm.conjugate_update(dist.Normal(0.0, 1.0))
    with pytest.raises(ValueError, match="the likelihood"):
        hmm.conjugate_update(dist.Normal(torch.zeros(T + 1, 1), 1.0).to_event(2))


def test_posterior_draws_match_the_filter_at_the_end(hmm: Any) -> None:
    x = value(3)
    torch.manual_seed(4)
    draws = hmm.rsample_posterior(x, (20_000,))
    assert draws.shape == (20_000, 3, T, 2)
    last = hmm.filter(x)
    assert ((draws[..., -1, :].mean(0) - last.mean).abs() < 5 * (last.variance / 20_000).sqrt()).all()
    assert hmm.expand([5, 3]).rsample_posterior(x).shape == (5, 3, T, 2)


def test_multiplier_and_state_given_values() -> None:
    torch.manual_seed(0)
    gamma, step, read = dist.Gamma(*torch.tensor([2.0, 3.0]).double()), normal(False, 2), normal(False, 1)
    parameters = (normal(False, 2), torch.randn(2, 2).double(), step, torch.randn(2, 1).double(), read)
    hmm = dist.GammaGaussianHMM(gamma, *parameters, duration=T)
    x, grid = value(), torch.linspace(1e-3, 40, 4001).double()

    def scaled(distribution: Any, s: torch.Tensor) -> Any:
        return dist.MultivariateNormal(distribution.loc, distribution.covariance_matrix / s[..., None, None])

    fixed = dist.GaussianHMM(scaled(parameters[0], grid), parameters[1], scaled(step, grid[:, None]), parameters[3],
                             scaled(read, grid[:, None]), duration=T)
    joint = gamma.log_prob(grid) + fixed.log_prob(x)
    torch.testing.assert_close(hmm.log_prob(x), torch.trapezoid(joint.exp(), grid).log(), rtol=1e-4, atol=1e-4)
    multiplier, state = hmm.filter(x)
    torch.testing.assert_close(multiplier.log_prob(grid), joint - hmm.log_prob(x), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(scaled(state, grid).covariance_matrix, fixed.filter(x).covariance_matrix)
    torch.testing.assert_close(state.mean.expand(4001, 2), fixed.filter(x).mean)
