"""Warnings that a loop shows once.

Python shows a warning once for each place in the code, but forgets what it has shown whenever anything changes the
filters, as imports and libraries do in the middle of a loop. So what steps again and again remembers for itself.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["remembering", "warn_once"]

_shown: ContextVar[set[str] | None] = ContextVar("shown", default=None)


@contextmanager
def remembering(shown: set[str]) -> Iterator[None]:
    """Inside the ``with`` block :func:`warn_once` leaves out what is known, and adds what it shows.

    Args:
        shown: the texts that were shown before; it grows.

    Example:
        >>> shown = set()
        >>> for step in range(3):
        ...     with remembering(shown), warnings.catch_warnings(record=True, action="always") as caught:
        ...         warn_once("Something is odd.")
        ...     print(len(caught))
        1
        0
        0
    """
    token = _shown.set(shown)
    try:
        yield
    finally:
        _shown.reset(token)


def warn_once(text: str, category: type[Warning] = UserWarning, *, stacklevel: int = 1) -> None:
    """Warns, unless the loop around has shown the text before; outside of a loop, as :func:`warnings.warn` does.

    Args:
        text: the message.
        category: the warning's class.
        stacklevel: as for :func:`warnings.warn`, counted from the caller.
    """
    shown = _shown.get()
    if shown is not None and text in shown:
        return
    warnings.warn(text, category, stacklevel=stacklevel + 1)
    if shown is not None:  # one that the filters turn into an error is to come again
        shown.add(text)
