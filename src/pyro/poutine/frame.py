"""One plate as the sites inside it see it."""

from typing import NamedTuple

from torch import Tensor

__all__ = ["CondIndepStackFrame"]


class CondIndepStackFrame(NamedTuple):
    """A context of conditional independence around a statement.

    Attributes:
        name: the plate's name.
        dim: its tensor dim, negative; ``None`` if the plate is a Python loop.
        size: its length here, after subsampling; -1 if unknown.
        counter: which iteration of the loop this is, from 1; 0 for a tensor dim.
        full_size: its length before subsampling.
    """

    name: str
    dim: int | None
    size: int
    counter: int
    full_size: int | None = None

    @property
    def vectorized(self) -> bool:
        """Whether the plate is a tensor dim rather than a loop."""
        return self.dim is not None

    def _key(self) -> tuple[str, int | None, int, int]:
        # a size may be a scalar tensor: compare numbers, so that equal frames are one dict key
        size = int(self.size) if isinstance(self.size, Tensor) else self.size
        return self.name, self.dim, size, self.counter

    def __eq__(self, other: object) -> bool:
        return type(other) is CondIndepStackFrame and self._key() == other._key()

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._key())

    def __str__(self) -> str:
        return self.name
