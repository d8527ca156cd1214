"""Every test of the effect system starts with nothing installed and leaves nothing behind, failures included."""

from collections.abc import Iterator

import pytest

import pyro
from pyro.poutine.runtime import _DIM_ALLOCATOR, _PYRO_STACK


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    pyro.clear_param_store()
    yield
    assert list(_PYRO_STACK) == []
    assert _DIM_ALLOCATOR._owners.get() == ()
