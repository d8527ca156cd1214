"""Whole programs under valgrind: nothing is read or written outside of its buffer. Minutes; asked for by an option."""

import os

import pytest

from tests.compiler.loop.valgrind import available, check


@pytest.mark.skipif("FLASHOVER_VALGRIND" not in os.environ, reason="takes minutes; set FLASHOVER_VALGRIND=1")
@pytest.mark.skipif(not available(), reason="there is no valgrind")
@pytest.mark.parametrize("name", ["coin", "eight schools", "logistic", "linear", "hierarchical", "vae"])
def test_nothing_outside_is_touched(name: str) -> None:
    assert check([name]) == ""
