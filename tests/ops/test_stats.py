"""Laws of summaries of samples, against numpy, scipy and known answers."""

import numpy as np
import pytest
import scipy.stats
import torch

from pyro.ops import stats


def draws(*shape: int) -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(shape).double()


# ---- chains


def test_r_hat_is_one_for_equal_chains_and_large_for_others() -> None:
    chains = draws(4, 1000, 2)
    assert ((stats.gelman_rubin(chains) - 1).abs() < 0.01).all()
    shifted = chains + torch.arange(4.0)[:, None, None]
    assert (stats.gelman_rubin(shifted) > 1.5).all()
    within, between = shifted.var(1).mean(0), shifted.mean(1).var(0)
    torch.testing.assert_close(stats.gelman_rubin(shifted), ((999 / 1000 * within + between) / within).sqrt())
    drifting = chains[:1].cumsum(1)
    assert (stats.split_gelman_rubin(drifting) > 1.1).all()
    torch.testing.assert_close(stats.split_gelman_rubin(chains.movedim(0, -1), -1, 0),
                               stats.split_gelman_rubin(chains))


@pytest.mark.parametrize("call", [
    lambda: stats.gelman_rubin(draws(1, 10)), lambda: stats.gelman_rubin(draws(2, 1)),
    lambda: stats.gelman_rubin(draws(10)), lambda: stats.split_gelman_rubin(draws(2, 3)),
    lambda: stats.effective_sample_size(draws(2, 1))])
def test_too_little_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match="expected"):
        call()


@pytest.mark.parametrize("n", [1, 2, 7, 16])
def test_autocovariance_equals_sums_of_products(n: int) -> None:
    x = draws(3, n)
    centred = x - x.mean(1, keepdim=True)
    expected = torch.stack([(centred[:, lag:] * centred[:, : n - lag]).sum(1) / (n - lag) for lag in range(n)], 1)
    torch.testing.assert_close(stats.autocovariance(x, 1), expected)
    if n > 1:
        torch.testing.assert_close(stats.autocorrelation(x, 1), expected / expected[:, :1])


def test_a_constant_series_is_fully_correlated() -> None:
    assert (stats.autocorrelation(torch.ones(5)) == 1).all()


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.9])
def test_effective_size_of_an_autoregression(coefficient: float) -> None:
    noise = draws(8, 4000)
    x = torch.empty_like(noise)
    x[:, 0] = noise[:, 0] / (1 - coefficient**2) ** 0.5
    for i in range(1, 4000):
        x[:, i] = coefficient * x[:, i - 1] + noise[:, i]
    expected = 32_000 * (1 - coefficient) / (1 + coefficient)
    assert abs(stats.effective_sample_size(x) / expected - 1) < 0.1


# ---- quantiles


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_quantiles_are_numpys(dim: int) -> None:
    x, probs = draws(4, 5, 6), [0.0, 0.3, 1.0]
    expected = np.moveaxis(np.quantile(x.numpy(), probs, axis=dim), 0, dim)
    np.testing.assert_allclose(stats.quantile(x, probs, dim).numpy(), expected)
    np.testing.assert_allclose(stats.quantile(x, 0.3, dim).numpy(), np.quantile(x.numpy(), 0.3, axis=dim))
    equal = torch.zeros(x.size(dim)).double()
    np.testing.assert_allclose(stats.weighed_quantile(x, probs, equal, dim).numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(stats.pi(x, 0.4, dim).numpy(), np.moveaxis(
        np.quantile(x.numpy(), [0.3, 0.7], axis=dim), 0, dim))


def test_weights_move_quantiles() -> None:
    median = stats.weighed_quantile(torch.tensor([1.0, 2.0, 3.0]), 0.5, torch.tensor([0.0, 0.0, 9.0]))
    assert median.shape == () and 2.4 < median <= 3


def test_shortest_interval_holds_its_share() -> None:
    x = torch.distributions.Exponential(1.0).sample((10_000,))
    low, high = stats.hpdi(x, 0.5)
    assert abs(((x >= low) & (x <= high)).float().mean() - 0.5) < 1e-3
    assert low < 0.01 and abs(high - np.log(2)) < 0.05
    assert stats.hpdi(draws(3, 10, 2), 0.5, 1).shape == (3, 2, 2)


def test_resampling_draws_from_the_samples() -> None:
    x = torch.arange(10)
    assert sorted(stats.resample(x, 10).tolist()) == list(range(10))
    again = stats.resample(x, 30, replacement=True)
    assert len(again) == 30 and set(again.tolist()) <= set(range(10))
    with pytest.raises(RuntimeError, match="replacement"):
        stats.resample(x, 11)


# ---- criteria and scores


def test_waic_from_its_parts() -> None:
    x = draws(50, 3)
    density, parameters = torch.logsumexp(x, 0) - np.log(50), x.var(0)
    torch.testing.assert_close(stats.waic(x), (-2 * (density - parameters).sum(), parameters.sum()))
    torch.testing.assert_close(stats.waic(x, torch.zeros(50).double(), pointwise=True),
                               (-2 * (density - parameters), parameters))


@pytest.mark.parametrize("shape", [-0.5, 0.2, 1.0])
def test_pareto_fit_finds_the_shape(shape: float) -> None:
    x = torch.from_numpy(scipy.stats.genpareto(shape, scale=2.0).rvs(20_000, random_state=0))
    found, scale = stats.fit_generalized_pareto(x)
    assert abs(found - shape) < 0.05 and abs(scale - 2) < 0.1


def test_scores_equal_their_definition() -> None:
    pred, truth = draws(7, 2, 3), draws(8, 2, 3)[7]
    pairs = (pred[:, None] - pred).abs().mean((0, 1))
    torch.testing.assert_close(stats.crps_empirical(pred, truth), (pred - truth).abs().mean(0) - pairs / 2)
    torch.testing.assert_close(stats.crps_empirical(pred[:1], truth), (pred[0] - truth).abs())
    vectors = pred.movedim(0, 1)
    distances = torch.cdist(vectors, vectors).mean((1, 2))
    expected = torch.cdist(vectors, truth[:, None]).mean((1, 2)) - distances / 2
    torch.testing.assert_close(stats.energy_score_empirical(vectors, truth), expected)
    torch.testing.assert_close(stats.energy_score_empirical(vectors, truth, pred_batch_size=3), expected)
    with pytest.raises(ValueError, match="one extra sample dim"):
        stats.crps_empirical(pred, truth[0])
    with pytest.raises(ValueError, match="truth of shape"):
        stats.energy_score_empirical(vectors, truth[..., :2])
