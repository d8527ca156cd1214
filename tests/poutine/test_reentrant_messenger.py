import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyro.poutine.reentrant_messenger import ReentrantMessenger
from pyro.poutine.runtime import _PYRO_STACK


@given(st.integers(1, 5))
def test_it_is_active_once_from_the_first_entry_to_the_last_exit(times):
    handler = ReentrantMessenger()
    for _ in range(times):
        assert handler.__enter__() is handler
        assert list(_PYRO_STACK) == [handler]
    for left in reversed(range(times)):
        handler.__exit__(None, None, None)
        assert list(_PYRO_STACK) == [handler] * (left > 0)


def test_an_error_takes_it_off():
    handler = ReentrantMessenger()
    with pytest.raises(KeyError), handler, handler:
        raise KeyError
    assert list(_PYRO_STACK) == []
    with handler:
        assert list(_PYRO_STACK) == [handler]


def test_it_decorates_recursive_functions():
    @ReentrantMessenger()
    def depth(n):
        return depth(n - 1) if n else len(_PYRO_STACK)

    assert depth(3) == 1
