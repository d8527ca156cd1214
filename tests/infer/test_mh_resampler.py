import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import MHResampler, WeighedPredictive


def model(obs):
    z = pyro.sample("z", dist.Normal(0.0, 1.0))
    with pyro.plate("rows", 5):
        pyro.sample("y", dist.Normal(z, 1.0), obs=obs)


def guide(obs):
    pyro.sample("z", dist.Normal(0.0, 1.0))


def sampler(num_samples):
    return WeighedPredictive(model, guide=guide, num_samples=num_samples, parallel=True, return_sites=("z",))


def test_chains_reach_the_posterior():
    pyro.set_rng_seed(0)
    resampler = MHResampler(sampler(2000))
    assert resampler.get_total_transition_count() == 0
    for _ in range(30):
        result = resampler(torch.ones(5))
    # the posterior is Normal(5/6, 6 ** -0.5)
    z = result.samples["z"]
    assert (z.mean() - 5 / 6).abs() < 5 * (1 / 6 / 2000) ** 0.5
    assert (z.var() - 1 / 6).abs() < 5 / 6 * (2 / 2000) ** 0.5
    assert 0 < resampler.get_min_sample_transition_count() < resampler.get_total_transition_count() / 2000


def test_weights_move_with_the_draws():
    resampler = MHResampler(sampler(50))
    for _ in range(3):
        result = resampler(torch.ones(5))
    expected = dist.Normal(result.samples["z"], 1.0).log_prob(torch.ones(5)).sum(-1)
    torch.testing.assert_close(result.log_weights, expected)


@pytest.mark.parametrize("kept, expected", [
    (slice(None), 200), (slice(1), 50), (slice(-2, None), 100), (slice(0, None, 2), 50)])
def test_kept_batches(kept, expected):
    resampler = MHResampler(sampler(50), kept, kept)
    for _ in range(4):
        resampler(torch.ones(5))
    assert resampler.get_source_samples().log_weights.shape == (expected,)
    assert resampler.get_stored_samples().samples["z"].shape == (expected, 1)


def test_nothing_kept():
    resampler = MHResampler(sampler(5))
    resampler(torch.ones(5))
    for get in (resampler.get_source_samples, resampler.get_stored_samples):
        with pytest.raises(ValueError, match="expected stored samples, got none"):
            get()
