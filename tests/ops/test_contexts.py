"""The small context managers do what they say, inside their blocks only."""

import warnings
from contextlib import contextmanager

import pytest
import torch

from pyro.ops import contexts


@contextmanager
def noting(notes):
    notes.append("in")
    try:
        yield "value"
    finally:
        notes.append("out")


@pytest.mark.parametrize(("condition", "value", "notes"), [(True, "value", ["in", "out"]), (1, "value", ["in", "out"]),
                                                           (False, None, []), (None, None, [])])
def test_optional(condition, value, notes):
    seen = []
    with contexts.optional(noting(seen), condition) as got:
        assert got == value
    assert seen == notes


@pytest.mark.parametrize("condition", [True, False])
def test_optional_lets_exceptions_through(condition):
    seen = []
    with pytest.raises(KeyError), contexts.optional(noting(seen), condition):
        raise KeyError
    assert seen == (["in", "out"] if condition else [])


def test_timed():
    with contexts.timed() as block:
        assert not hasattr(block, "elapsed")
    assert block.elapsed == block.end - block.start >= 0


def test_experimental_warnings_are_ignored_inside():
    with contexts.ignore_experimental_warning():
        warnings.warn("may change", contexts.ExperimentalWarning, stacklevel=1)
        with pytest.raises(UserWarning, match="another"):
            warnings.warn("another", UserWarning, stacklevel=1)
    with pytest.raises(contexts.ExperimentalWarning):
        warnings.warn("may change", contexts.ExperimentalWarning, stacklevel=1)


@pytest.mark.parametrize(("rules", "ignored"), [
    (None, False), ([], False), (["known"], True), (["other"], False), ([("known", UserWarning)], True),
    ([("known", RuntimeWarning)], False)])
def test_given_warnings_are_ignored(rules, ignored):
    with contexts.ignore_jit_warnings(rules):
        if ignored:
            warnings.warn("known problem", UserWarning, stacklevel=1)
        else:
            with pytest.raises(UserWarning):
                warnings.warn("known problem", UserWarning, stacklevel=1)


def test_jit_iter():
    rows = contexts.jit_iter(torch.arange(6).reshape(3, 2))
    assert isinstance(rows, list) and [row.tolist() for row in rows] == [[0, 1], [2, 3], [4, 5]]
