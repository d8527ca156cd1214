"""Which tensor dims the plates and the enumerated sites of a program have.

Plates take dims from the right of the batch shape, enumerated sites to the left of all plates. Both allocators keep
their state in context variables, so that programs in different threads do not see each other's plates.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass


class _DimAllocator:
    """Gives the plates of this context their tensor dims, counted from the right: -1, -2, ..."""

    def __init__(self) -> None:
        self._owners: ContextVar[tuple[str | None, ...]] = ContextVar("plate_dims", default=())

    def allocate(self, name: str, dim: int | None) -> int:
        """Reserves a dim.

        Args:
            name: the plate's name.
            dim: a negative dim, or ``None`` for the rightmost free one.

        Returns:
            The reserved dim.

        Raises:
            ValueError: if a plate of that name is active or the dim is taken.
        """
        owners = self._owners.get()
        if name in owners:
            raise ValueError(f"Plate '{name}' is already active: found a duplicate plate '{name}'. Give each plate of "
                             "a nest a name of its own.")
        if dim is None:
            dim = -1
            while -dim <= len(owners) and owners[-1 - dim] is not None:
                dim -= 1
        elif dim >= 0:
            raise ValueError(f"Plate '{name}': expected a negative dim, counted from the right of the batch shape; "
                             f"got dim={dim}.")
        owners += (None,) * (-dim - len(owners))
        taken = owners[-1 - dim]
        if taken is not None:
            raise ValueError(f"Plates '{name}' and '{taken}' collide at dim={dim}. Move one of them to the left, for "
                             f"example by dim={dim - 1}.")
        self._owners.set((*owners[:-1 - dim], name, *owners[-dim:]))
        return dim

    def free(self, name: str, dim: int) -> None:
        """Releases the dim that :meth:`allocate` reserved for a plate, unless another plate has it."""
        owners = self._owners.get()
        if -dim > len(owners) or owners[-1 - dim] != name:
            return
        kept = [*owners[:-1 - dim], None, *owners[-dim:]]
        while kept and kept[-1] is None:
            kept.pop()
        self._owners.set(tuple(kept))


@dataclass(frozen=True)
class _EnumState:
    next_dim: int = -1
    next_id: int = 0
    dim_to_id: tuple[tuple[int, int], ...] = ()


_NOTHING_ENUMERATED = _EnumState()


class _EnumAllocator:
    """Gives enumerated sites tensor dims to the left of all plates, and ids that are never used twice.

    A dim is reused once the site that had it is out of scope (:func:`pyro.markov`), its id is not.
    """

    def __init__(self) -> None:
        self._state: ContextVar[_EnumState] = ContextVar("enumeration_dims", default=_NOTHING_ENUMERATED)

    @property
    def next_available_dim(self) -> int:
        """The rightmost dim that no site visible everywhere has taken."""
        return self._state.get().next_dim

    @property
    def dim_to_id(self) -> dict[int, int]:
        """The ids of the sites that are visible everywhere, by their dims; a new dict."""
        return dict(self._state.get().dim_to_id)

    def set_first_available_dim(self, first_available_dim: int) -> None:
        """Starts a new enumeration.

        Args:
            first_available_dim: negative dim left of every plate.
        """
        if first_available_dim >= 0:
            raise ValueError(f"Expected a negative first_available_dim, got {first_available_dim}.")
        self._state.set(_EnumState(first_available_dim))

    def allocate(self, scope_dims: Iterable[int] | None = None) -> tuple[int, int]:
        """Finds a dim for one site.

        Args:
            scope_dims: dims that are in use where the site stands; ``None`` for a site that is visible everywhere.

        Returns:
            The dim and the site's id.
        """
        state = self._state.get()
        dim, id_ = state.next_dim, state.next_id
        if scope_dims is None:
            self._state.set(_EnumState(dim - 1, id_ + 1, (*state.dim_to_id, (dim, id_))))
            return dim, id_
        taken = frozenset(scope_dims)
        while dim in taken:
            dim -= 1
        self._state.set(_EnumState(state.next_dim, id_ + 1, state.dim_to_id))
        return dim, id_


_DIM_ALLOCATOR = _DimAllocator()
_ENUM_ALLOCATOR = _EnumAllocator()
