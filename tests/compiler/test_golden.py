"""The captured graphs of some models, as they were: a change of the compiler shows what it does to them.

If the change is meant, ``python -m tests.compiler.golden`` writes the listings anew; read the difference.
"""

from pathlib import Path

import pytest
import torch

from pyro.params.param_store import _PYRO_PARAM_STORE
from tests.compiler.golden.listing import listing
from tests.compiler.models import MODELS
from tests.compiler.trajectories import compiled_step

GOLDEN = ["normal", "nested_plates", "subsampled_plate", "masked", "score_function", "batch_norm", "dropout",
          "deterministic_and_factor", "ClippedAdam", "clipped_norm"]


def golden_file(name: str) -> Path:
    return Path(__file__).parent / "golden" / f"{name}.txt"


def graph_listing(name: str) -> str:
    with _PYRO_PARAM_STORE.scope():
        return listing(compiled_step(MODELS[name]()).graph)


@pytest.mark.skipif(not torch.__version__.startswith("2.13."), reason="torch's decompositions differ between releases")
@pytest.mark.parametrize("name", GOLDEN)
def test_the_captured_graph_is_as_it_was(name):
    assert graph_listing(name) == golden_file(name).read_text()


def test_a_listing_is_the_same_each_time():
    assert graph_listing("normal") == graph_listing("normal")
