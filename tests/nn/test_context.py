"""A run keeps values by name until its outermost call ends, and is seen in its own thread only."""

import copy
import pickle
import threading

import torch

from pyro.nn.context import _Context


def test_values_last_until_the_outermost_exit():
    context = _Context()
    context.set("x", torch.ones(()))
    assert context.get("x") is None and not context.active and not context.used
    with context:
        with context:
            assert context.active == 2
            context.set("x", torch.ones(()))
        assert context.get("x") is not None and list(context.cache) == ["x"]
    assert context.get("x") is None and not context.active and context.used


def test_an_error_ends_the_run():
    context = _Context()
    try:
        with context:
            context.set("x", torch.ones(()))
            raise ValueError
    except ValueError:
        pass
    assert not context.active and context.get("x") is None


def test_another_thread_is_not_in_the_run():
    context, seen = _Context(), []
    with context:
        thread = threading.Thread(target=lambda: seen.append(context.active))
        thread.start()
        thread.join()
    assert seen == [0]


def test_copies_are_not_in_the_run():
    context = _Context()
    with context:
        copies = [copy.deepcopy(context), pickle.loads(pickle.dumps(context))]
        assert [c.active for c in copies] == [0, 0] and all(c.used for c in copies)
