"""Small context managers, and warnings that they switch off."""

import timeit
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Any

import torch

__all__ = ["ExperimentalWarning", "ignore_experimental_warning", "ignore_jit_warnings", "jit_iter", "optional",
           "timed"]


class ExperimentalWarning(UserWarning):
    """Says that a feature may still change."""


@contextmanager
def ignore_experimental_warning() -> Iterator[None]:
    """Switches :class:`ExperimentalWarning` off inside a ``with`` block."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=ExperimentalWarning)
        yield


@contextmanager
def ignore_jit_warnings(filter: Iterable[Any] | None = None) -> Iterator[None]:
    """Switches given warnings off inside a ``with`` block; a name that old programs use.

    Capturing a program raises no warnings about tracing here, so nothing is ignored by default.

    Args:
        filter: messages, or pairs of a message and a category, to ignore.
    """
    with warnings.catch_warnings():
        for rule in () if filter is None else filter:
            message, category = rule if isinstance(rule, tuple) else (rule, UserWarning)
            warnings.filterwarnings("ignore", message, category)
        yield


def jit_iter(tensor: torch.Tensor) -> list[torch.Tensor]:
    """The elements of a tensor along its first dim."""
    return list(tensor)


class optional:
    """Enters a context manager if a condition holds.

    Args:
        context_manager: the context manager.
        condition: whether to enter it.
    """

    def __init__(self, context_manager: AbstractContextManager[Any], condition: object) -> None:
        self.context_manager = context_manager
        self.condition = condition

    def __enter__(self) -> Any:
        return self.context_manager.__enter__() if self.condition else None

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        return self.context_manager.__exit__(exc_type, exc_value, traceback) if self.condition else None


class timed:
    """Measures the seconds that a ``with`` block takes: ``with timed() as t: ...; t.elapsed``."""

    def __enter__(self) -> "timed":
        self.start = timeit.default_timer()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end = timeit.default_timer()
        self.elapsed = self.end - self.start
