"""Conditional independence: the base of plates."""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import torch
from torch import Tensor

from pyro.poutine.frame import CondIndepStackFrame
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import _DIM_ALLOCATOR, Message

__all__ = ["CondIndepStackFrame", "IndepMessenger"]


class IndepMessenger(Messenger):
    """Declares statements to be independent, along a tensor dim (``with``) or over a loop (``for``).

    Args:
        name: names the context.
        size: how many independent elements.
        dim: the tensor dim, negative; by default the rightmost one that is free.
        device: where the indices are put.

    Raises:
        ZeroDivisionError: if the size is zero.
        ValueError: if the dim is not negative, or the context is used both ways.
    """

    def __init__(
        self, name: str, size: int, dim: int | None = None, device: torch.device | str | None = None
    ) -> None:
        if size == 0:
            raise ZeroDivisionError("size cannot be zero")
        if dim is not None and dim >= 0:
            raise ValueError(f"Plate '{name}': expected a negative dim, counted from the right of the batch shape; got "
                             f"dim={dim}.")
        super().__init__()
        self.name, self.size, self.dim, self.device = name, size, dim, device
        self.counter = 0
        # undecided until the context is used, unless a dim was asked for
        self._vectorized: bool | None = None if dim is None else True
        self._indices: Tensor | None = None

    def next_context(self) -> None:
        """Goes to the next iteration of the loop."""
        self.counter += 1

    def _refuse_both_ways(self) -> ValueError:
        return ValueError(f"cannot use plate {self.name} as both vectorized and non-vectorized independence context. "
                          "Make one plate for 'with' and another for 'for'.")

    def __enter__(self) -> Self:
        if self._vectorized is not False:
            self._vectorized = True
        if self._vectorized:
            self.dim = _DIM_ALLOCATOR.allocate(self.name, self.dim)
        return super().__enter__()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        result = super().__exit__(exc_type, exc_value, traceback)
        if self._vectorized:
            assert self.dim is not None
            _DIM_ALLOCATOR.free(self.name, self.dim)
        return result

    def __iter__(self) -> Iterator[int]:
        if self._vectorized or self.dim is not None:
            raise self._refuse_both_ways()
        self._vectorized = False
        self.dim = None
        for row in self._rows():
            self.next_context()
            with self:
                yield int(row)

    def _rows(self) -> Any:
        """What the loop goes over."""
        if self.size < 0:
            raise ValueError(f"Plate '{self.name}': a loop needs a size, and this plate has none. Pass size=.")
        return range(int(self.size))

    @property
    def indices(self) -> Tensor:
        """The elements' numbers, shape ``(size,)``."""
        if self._indices is None:
            self._indices = torch.arange(self.size, dtype=torch.long, device=self.device)
        return self._indices

    def _process_message(self, msg: Message) -> None:
        frame = CondIndepStackFrame(self.name, self.dim, self.size, self.counter, self.size)
        msg["cond_indep_stack"] = (frame, *msg["cond_indep_stack"])
