"""Families over an inner categorical: what they compute, what they refuse, and what they are called in errors."""

from typing import Any

import pytest
import torch

import pyro.distributions as dist
from pyro.distributions.relaxed import ExpRelaxedCategorical
from pyro.distributions.weighted import Weighted

WEIGHTS = torch.tensor([[0.2, 0.3, 0.5], [0.7, 0.1, 0.2]])
FAMILIES: dict[str, Any] = {
    "OneHotCategorical": dist.OneHotCategorical,
    "OneHotCategoricalStraightThrough": dist.OneHotCategoricalStraightThrough,
    "Multinomial": lambda **weights: dist.Multinomial(3, **weights),
    "ExpRelaxedCategorical": lambda **weights: ExpRelaxedCategorical(torch.tensor(0.5), **weights),
}


@pytest.mark.parametrize("given, other", [("probs", "logits"), ("logits", "probs")])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_parameter_that_is_not_given_is_not_computed(name: str, given: str, other: str) -> None:
    d = FAMILIES[name](**{given: WEIGHTS})
    assert isinstance(d, Weighted)
    assert given in d._categorical.__dict__ and other not in d._categorical.__dict__
    torch.testing.assert_close(getattr(d, other), getattr(dist.Categorical(**{given: WEIGHTS}), other))


@pytest.mark.parametrize("given, bad", [("probs", -1.0), ("probs", float("nan")), ("logits", float("nan"))])
@pytest.mark.parametrize("name", FAMILIES)
def test_a_bad_weight_is_refused_in_the_name_of_the_family(name: str, given: str, bad: float) -> None:
    weights = WEIGHTS.clone()
    weights[0, 0] = bad
    with pytest.raises(ValueError, match=rf"parameter {given} .* of distribution {name} to satisfy"):
        FAMILIES[name](**{given: weights})
    FAMILIES[name](**{given: weights}, validate_args=False)


@pytest.mark.parametrize("name", FAMILIES)
def test_one_of_both_parameters_must_be_given(name: str) -> None:
    for weights in ({}, {"probs": WEIGHTS, "logits": WEIGHTS}):
        with pytest.raises(ValueError, match="but not both"):
            FAMILIES[name](**weights)


def test_shapes_follow_from_those_of_either_parameter() -> None:
    expected = torch.Size([2]), torch.Size([3])
    assert dist.OneHotCategorical.infer_shapes(probs=(2, 3)) == expected
    assert dist.OneHotCategorical.infer_shapes(logits=(2, 3)) == expected
    assert dist.RelaxedOneHotCategorical.infer_shapes((), logits=(2, 3)) == expected


def test_an_expanded_multinomial_has_an_entropy() -> None:
    d = dist.Multinomial(4, probs=WEIGHTS)
    torch.testing.assert_close(d.expand([3, 2]).entropy(), d.entropy().expand(3, 2))


def test_a_multinomial_has_one_count_of_trials() -> None:
    count: Any = torch.tensor([1, 2])
    with pytest.raises(NotImplementedError, match="total_count of Multinomial to be an int"):
        dist.Multinomial(count, probs=WEIGHTS)
