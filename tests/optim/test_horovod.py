"""The name that says what replaces it."""

import pytest

from pyro.optim import SGD, HorovodOptimizer


def test_says_what_replaces_it():
    with pytest.raises(NotImplementedError, match="DistributedDataParallel"):
        HorovodOptimizer(SGD({"lr": 0.1}), compression=None)
