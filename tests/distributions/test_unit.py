"""Distribution over nothing."""

import copy
import pickle

import pytest
import torch

from pyro.distributions.unit import Unit

FACTOR = torch.tensor([1.0, -2.0])


@pytest.mark.parametrize("sample_shape", [(), (3,)])
def test_draws_are_empty_and_score_the_factor(sample_shape: tuple[int, ...]) -> None:
    unit = Unit(FACTOR)
    value = unit(sample_shape)
    assert value.shape == (*sample_shape, 2, 0)
    assert torch.equal(unit.log_prob(value), FACTOR.expand((*sample_shape, 2)))


@pytest.mark.parametrize("has_rsample", [None, False, True])
def test_has_rsample_is_stated_and_survives_expand(has_rsample: bool | None) -> None:
    unit = Unit(FACTOR, has_rsample=has_rsample)
    for each in (unit, unit.expand([3, 2]), copy.deepcopy(unit), pickle.loads(pickle.dumps(unit))):
        assert type(each) is Unit
        assert each.has_rsample is bool(has_rsample)
    parts = unit.expand([3, 2]).score_parts(torch.empty(0))
    assert isinstance(parts.entropy_term, torch.Tensor) is bool(has_rsample)


def test_the_factor_must_not_be_nan() -> None:
    with pytest.raises(ValueError, match="log_factor"):
        Unit(torch.tensor(torch.nan))
