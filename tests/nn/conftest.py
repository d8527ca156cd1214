"""Every test starts with an empty parameter store of its own."""

from collections.abc import Iterator

import pytest

import pyro
from pyro.params.param_store import ParamStoreDict


@pytest.fixture(autouse=True)
def store() -> Iterator[ParamStoreDict]:
    store = pyro.get_param_store()
    with store.scope():
        yield store
