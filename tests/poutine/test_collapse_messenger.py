import importlib.util

import pytest

from pyro import poutine
from pyro.poutine import collapse_messenger
from pyro.poutine.trace_messenger import TraceMessenger

ERROR = ImportError if importlib.util.find_spec("funsor") is None else NotImplementedError


@pytest.mark.parametrize("use", [poutine.collapse, lambda: poutine.collapse(lambda: 1),
                                 collapse_messenger.CollapseMessenger])
def test_use_is_refused_with_what_is_missing(use):
    with pytest.raises(ERROR, match=r"poutine\.collapse .*funsor"):
        use()


def test_it_is_a_recorder():
    assert issubclass(collapse_messenger.CollapseMessenger, TraceMessenger)
