"""Each test is a project built on Pyro: it starts with an empty store and leaves no handler behind.

The tests reach below the documented surface where such projects do.
"""

from collections.abc import Iterator

import pytest

import pyro
from pyro.poutine.runtime import _PYRO_STACK


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    pyro.clear_param_store()
    yield
    assert len(_PYRO_STACK) == 0
    pyro.clear_param_store()
