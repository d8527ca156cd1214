"""All automatic guides are compared, and their peers and goals are those that the libraries have."""

import pytest

from benchmarks.guides import BATCHED, GUIDES, NOT_UPSTREAMS, NUMPYROS, guide, guide_limits, guide_peers
from benchmarks.pyro_run import Inference
from pyro.infer import autoguide

# the bases, and guides that hold others or are over discrete sites; AutoSemiDAIS takes its model in two parts
LEFT_OUT = {"AutoCallable", "AutoContinuous", "AutoDiscreteParallel", "AutoGuide", "AutoGuideList", "AutoMessenger",
            "AutoSemiDAIS"}


def model() -> None:
    """Nothing: guides look at their model at their first call."""


def setup(name: str) -> Inference:
    return Inference(name, ())


def test_every_guide_is_compared_or_left_out_on_purpose() -> None:
    names = {name for name in autoguide.__all__ if name.startswith("Auto")}
    assert names - LEFT_OUT == {*GUIDES, *BATCHED}


@pytest.mark.parametrize("name", [*GUIDES, *BATCHED])
def test_guides_are_made_of_a_model(name: str) -> None:
    assert type(guide(name, model, {})).__name__ == name


def test_peers_are_those_of_the_libraries_that_have_the_guide() -> None:
    peers = guide_peers(("AutoDelta", "AutoDAIS", "AutoNormalMessenger"), setup, lambda name: lambda steps: 0.0)
    assert list(peers) == ["flashover AutoDelta", "numpyro AutoDelta", "upstream AutoDelta", "flashover AutoDAIS",
                           "numpyro AutoDAIS", "flashover AutoNormalMessenger", "upstream AutoNormalMessenger"]
    assert peers["flashover AutoDelta"].process == peers["flashover AutoDAIS"].process
    assert peers["flashover AutoNormalMessenger"].process != peers["flashover AutoDelta"].process
    limits = {(limit.peer, limit.reference): limit.at_most for limit in guide_limits(peers, 0.2, 0.01)}
    assert limits == {("flashover AutoDelta", "numpyro AutoDelta"): 0.2,
                      ("flashover AutoDelta", "upstream AutoDelta"): 0.01,
                      ("flashover AutoDAIS", "numpyro AutoDAIS"): 0.2,
                      ("flashover AutoNormalMessenger", "upstream AutoNormalMessenger"): 0.01}
    assert {*NUMPYROS} <= {*GUIDES} and {*NOT_UPSTREAMS} <= {*GUIDES, *BATCHED}
