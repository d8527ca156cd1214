"""The peers of a case do the same work: from the same seed, the same losses."""

from collections.abc import Iterator

import pytest

import pyro
from benchmarks.case import load_case


@pytest.fixture(autouse=True)
def fresh_parameters() -> Iterator[None]:
    pyro.clear_param_store()
    yield
    pyro.clear_param_store()


@pytest.mark.parametrize("name", ["coin", "eight_schools", "logistic_regression", "vae"])
def test_by_hand_and_in_the_language_agree(name: str) -> None:
    peers = load_case(name).peers
    in_the_language = peers["flashover"].start()(3)  # each seeds the generator when it starts
    by_hand = peers["torch by hand"].start()(3)
    assert in_the_language == pytest.approx(by_hand, rel=1e-5)
