"""Laws of independent scalar series side by side."""

import pytest
import torch

import pyro.distributions as dist


def model() -> dist.IndependentHMM:
    torch.manual_seed(0)
    unit = dist.Normal(torch.zeros(1).double(), 1.0).to_event(1)
    matrix = torch.randn(2, 4, 1, 1).double()
    return dist.IndependentHMM(dist.GaussianHMM(unit, matrix, unit, torch.ones(1, 1).double(), unit))


def test_density_is_the_sum_over_series() -> None:
    hmm = model()
    assert (hmm.batch_shape, hmm.event_shape, hmm.duration, hmm.has_rsample) == ((), (4, 2), 4, True)
    value = hmm.rsample((3,))
    assert value.shape == (3, 4, 2)
    expected = sum(hmm.base_dist.log_prob(value[..., None, :, i, None])[..., i] for i in range(2))
    torch.testing.assert_close(hmm.log_prob(value), expected)
    expanded = hmm.expand([3])
    assert expanded.sample((5,)).shape == (5, 3, 4, 2)
    torch.testing.assert_close(expanded.log_prob(value), expected)
    assert hmm.support.check(value).all()


@pytest.mark.parametrize("base", [dist.Normal(0.0, 1.0), model()], ids=["normal", "no scalar series"])
def test_other_bases_are_refused(base: object) -> None:
    with pytest.raises(ValueError, match=r"event shape \(T, 1\)"):
        dist.IndependentHMM(base)
