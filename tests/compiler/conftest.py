"""A parameter store of its own for each test of the compiler."""

import pytest

from pyro.params.param_store import _PYRO_PARAM_STORE


@pytest.fixture(autouse=True)
def store():
    with _PYRO_PARAM_STORE.scope():
        yield _PYRO_PARAM_STORE
