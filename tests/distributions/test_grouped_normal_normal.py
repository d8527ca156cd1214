"""Grouped normal observations: the density is that of the joint normal distribution, the posterior is Bayes's."""

import pytest
import torch
from torch.distributions import MultivariateNormal, Normal

from pyro.distributions.grouped_normal_normal import GroupedNormalNormal

LOC = torch.tensor([0.5, -1.0, 2.0], dtype=torch.float64)
PRIOR_SCALE = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
OBS_SCALE = torch.tensor([0.5, 1.0, 0.2, 2.0, 0.7], dtype=torch.float64)
GROUPS = torch.tensor([0, 2, 0, 0, 2])  # the second group has no observations
VALUE = torch.tensor([0.3, 1.0, -0.5, 2.0, 4.0], dtype=torch.float64)


def build() -> GroupedNormalNormal:
    return GroupedNormalNormal(LOC, PRIOR_SCALE, OBS_SCALE, GROUPS)


def covariance() -> torch.Tensor:
    same = GROUPS.unsqueeze(-1) == GROUPS
    return same * PRIOR_SCALE[GROUPS].square() + OBS_SCALE.square().diag()


def test_density_is_that_of_the_joint_normal() -> None:
    d = build()
    torch.testing.assert_close(d.log_prob(VALUE), MultivariateNormal(LOC[GROUPS], covariance()).log_prob(VALUE))
    assert (d.batch_shape, d.event_shape, d.num_groups) == ((), (5,), 3)
    assert d.num_data_per_batch.tolist() == [3.0, 0.0, 2.0]
    assert d.log_prob(VALUE.expand(4, 5)).shape == d.expand([4]).log_prob(VALUE).shape == (4,)


def test_posterior_obeys_bayes() -> None:
    """p(y | z) p(z) / p(z | y) is p(y) for every z."""
    d, z = build(), torch.tensor([0.1, 0.7, -2.0], dtype=torch.float64)
    joint = Normal(z[GROUPS], OBS_SCALE).log_prob(VALUE).sum() + Normal(LOC, PRIOR_SCALE).log_prob(z).sum()
    torch.testing.assert_close(joint - d.get_posterior(VALUE).log_prob(z).sum(), d.log_prob(VALUE))


def test_gradients_equal_differences() -> None:
    inputs = [x.clone().requires_grad_() for x in (LOC, PRIOR_SCALE, OBS_SCALE, VALUE)]
    torch.autograd.gradcheck(
        lambda loc, prior, obs, value: GroupedNormalNormal(loc, prior, obs, GROUPS).log_prob(value), inputs)


def test_draws_have_the_joint_moments() -> None:
    draws = 10_000
    value = build().sample((draws,))
    spread = covariance().diagonal()
    assert (abs(value.mean(0) - LOC[GROUPS]) <= 5 * (spread / draws).sqrt()).all()
    assert (abs(value.T.cov() - covariance()) <= 5 * (2 * torch.outer(spread, spread) / draws).sqrt()).all()


@pytest.mark.parametrize(("changed", "message"), [
    ({"group_idx": GROUPS.expand(2, 5)}, "group_idx"),
    ({"group_idx": GROUPS.double()}, "group_idx"),
    ({"prior_loc": torch.zeros(2, 3)}, "prior_loc"),
    ({"prior_loc": torch.tensor(0.0), "prior_scale": torch.tensor(1.0)}, "prior_loc"),
    ({"obs_scale": torch.ones(2)}, "obs_scale"),
])
def test_wrong_shapes_are_named(changed: dict[str, torch.Tensor], message: str) -> None:
    given = {"prior_loc": LOC, "prior_scale": PRIOR_SCALE, "obs_scale": OBS_SCALE, "group_idx": GROUPS} | changed
    with pytest.raises(ValueError, match=f"expected {message}"):
        GroupedNormalNormal(**given)
