"""Leaves the program at a site."""

from collections.abc import Callable
from typing import NoReturn

from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message, NonlocalExit


def _leave(msg: Message) -> NoReturn:
    raise NonlocalExit(msg)


class EscapeMessenger(Messenger):
    """Raises :class:`~pyro.poutine.runtime.NonlocalExit` at the first sample site that fulfils a condition.

    Args:
        escape_fn: says of a message whether to leave the program there.
    """

    def __init__(self, escape_fn: Callable[[Message], bool]) -> None:
        super().__init__()
        self.escape_fn = escape_fn

    def _pyro_sample(self, msg: Message) -> None:
        if self.escape_fn(msg):
            msg["done"] = True
            msg["stop"] = True
            msg["continuation"] = _leave
