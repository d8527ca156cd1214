"""Says which earlier sites a site may depend on, so that enumeration can reuse tensor dims."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any

from pyro.poutine.reentrant_messenger import ReentrantMessenger
from pyro.poutine.runtime import Message
from pyro.poutine.util import site_is_subsample


class MarkovMessenger(ReentrantMessenger):
    """A Markov chain of contexts: the sites of one may depend on those of the ``history`` contexts before it.

    Args:
        history: how many contexts back dependence reaches; 0 for none.
        keep: whether sites of a context stay visible to its later siblings.
        dim: reserved for chains along a tensor dim.
        name: reserved for chains along a tensor dim.

    Raises:
        AssertionError: if the history is negative, or there is nothing to loop over.
        NotImplementedError: if ``dim`` or ``name`` is given.
    """

    def __init__(self, history: int = 1, keep: bool = False, dim: int | None = None, name: str | None = None) -> None:
        if history < 0:
            raise AssertionError(f"markov: expected history >= 0, got {history}.")
        if dim is not None or name is not None:
            given = "dim" if dim is not None else "name"
            raise NotImplementedError(f"markov: chains along a tensor dim are not available; leave {given} at None.")
        super().__init__()
        self.history = history
        self.keep = keep
        self.dim = dim
        self.name = name
        self._iterable: Iterable[Any] | None = None
        self._position = -1
        self._names: list[set[str]] = []

    def generator(self, iterable: Iterable[Any]) -> "MarkovMessenger":
        """Makes each element of an iterable one context.

        Args:
            iterable: what to loop over.

        Returns:
            This handler, to be looped over once.
        """
        self._iterable = iterable
        return self

    def __iter__(self) -> Iterator[Any]:
        if self._iterable is None:
            raise AssertionError("markov: nothing to loop over; pass an iterable, as in pyro.markov(range(10)).")
        with ExitStack() as contexts:
            for value in self._iterable:
                contexts.enter_context(self)
                yield value

    def __enter__(self) -> "MarkovMessenger":
        self._position += 1
        if len(self._names) <= self._position:
            self._names.append(set())
        return super().__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        if not self.keep:
            self._names.pop()
        self._position -= 1
        return super().__exit__(exc_type, exc_value, traceback)

    def _pyro_sample(self, msg: Message) -> None:
        if msg["done"] or site_is_subsample(msg):
            return
        infer = msg["infer"]
        infer["_markov_depth"] = 1 + infer.get("_markov_depth", 0)
        scope = infer.setdefault("_markov_scope", Counter())
        for names in self._names[max(0, self._position - self.history):self._position + 1]:
            scope.update(names)
        self._names[self._position].add(str(msg["name"]))
