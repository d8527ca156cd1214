"""The interface of all distributions: calls, coercions, score parts, defaults."""

from typing import Any

import pytest
import torch

from pyro.distributions.distribution import COERCIONS, Distribution
from pyro.distributions.normal import Normal


class Words(Distribution):
    """A distribution over something other than tensors."""

    def sample(self, *args: Any, **kwargs: Any) -> str:
        return "word"

    def log_prob(self, x: str, *args: Any, **kwargs: Any) -> float:
        return -float(len(x))


def test_call_samples() -> None:
    assert Words()() == "word"


def test_abstract_methods_must_be_given() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Distribution()


@pytest.mark.parametrize("has_rsample", [False, True])
def test_score_parts_split_the_log_density(has_rsample: bool) -> None:
    log_prob, score_function, entropy_term = Words().has_rsample_(has_rsample).score_parts("word")
    assert log_prob == -4
    assert (score_function, entropy_term) == ((0, -4) if has_rsample else (-4, 0))


def test_has_rsample_is_set_for_one_instance_and_survives_expand() -> None:
    normal = Normal(torch.zeros(2), 1.0).has_rsample_(False)
    assert not normal.has_rsample
    assert not normal.expand([3, 2]).has_rsample
    assert Normal(0.0, 1.0).has_rsample
    assert not normal(()).requires_grad


@pytest.mark.parametrize("value", [1, 0, None, "yes"])
def test_has_rsample_takes_booleans_only(value: Any) -> None:
    with pytest.raises(ValueError, match="expected True or False"):
        Words().has_rsample_(value)


@pytest.mark.parametrize("call", [Words.enumerate_support, lambda words: words.conjugate_update(words)])
def test_what_a_family_lacks_is_named(call: Any) -> None:
    with pytest.raises(NotImplementedError, match="Words"):
        call(Words())


def test_the_first_coercion_that_answers_replaces_the_distribution() -> None:
    seen = []

    def decline(cls: type, args: Any, kwargs: Any) -> None:
        seen.append((cls, args, kwargs))

    COERCIONS.extend([decline, lambda cls, args, kwargs: "coerced", lambda cls, args, kwargs: "too late"])
    try:
        assert Normal(0.0, scale=1.0) == "coerced"  # type: ignore[comparison-overlap]
    finally:
        COERCIONS.clear()
    assert seen == [(Normal, (0.0,), {"scale": 1.0})]
    assert isinstance(Normal(0.0, 1.0), Normal)
