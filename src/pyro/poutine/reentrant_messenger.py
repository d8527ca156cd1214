"""A handler that may be entered again while it is active."""

from types import TracebackType
from typing import Self

from pyro.poutine.messenger import Messenger


class ReentrantMessenger(Messenger):
    """Installs itself on the first entry and leaves on the last exit."""

    def __init__(self) -> None:
        self._depth = 0
        super().__init__()

    def __enter__(self) -> Self:
        self._depth += 1
        if self._depth == 1:
            super().__enter__()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._depth -= 1
        if self._depth == 0:
            return super().__exit__(exc_type, exc_value, traceback)
        return None
