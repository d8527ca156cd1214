"""New state written over the old one, where nobody needs the old one any more.

A loop that computes a state's new value writes it where the old one lies, instead of into a buffer that is copied
afterwards, if every reader of the old value comes before, or is the same loop at the same element. Loops that need each
other's old or new values, an optimiser's for one parameter and its moments, become one: it reads each of them once and
writes each of them once.
"""

from collections.abc import Iterable, Sequence

from pyro.compiler.loop.builder import Builder
from pyro.compiler.loop.expression import Stored, contiguous_strides
from pyro.compiler.loop.index import Index, ravel
from pyro.compiler.loop.kernel import Kernel, MapKernel
from pyro.compiler.loop.nest import position
from pyro.compiler.loop.scope import Access, Buffer

__all__ = ["write_in_place"]


def write_in_place(builder: Builder, results: Sequence[tuple[Stored, Stored]]) -> set[Buffer]:
    """Moves loops that make new state to the end, and has them write where the old state lies.

    Args:
        builder: its kernels are put in order, and merged; buffers that are no longer needed leave it.
        results: new state beside old state, which is contiguous. No new state lies in memory of an old one.

    Returns:
        The buffers of the new states that need no copy.
    """
    updates = _Updates(builder.kernels, results)
    updates.settle()
    parts = updates.parts()
    late = set(updates.old)
    builder.kernels = [k for k in builder.kernels if k not in late]
    done: set[Buffer] = set()
    for part in parts:
        whole = part[0]
        for kernel in part:
            new, old = kernel.results[0].buffer, updates.old[kernel]
            whole.replaced.append(Access(old, kernel.results[0].address))
            new.name, new.padded = old.name, False
            done.add(new)
            if kernel is not whole:
                whole.join(kernel)
        builder.kernels.append(whole)
    builder.buffers = [b for b in builder.buffers if b not in done]
    return done


class _Updates:
    """The loops that may write in place.

    Args:
        kernels: all loops, in order.
        results: as in :func:`write_in_place`.

    Attributes:
        old: for each of those loops, the buffer of the state that it replaces.
    """

    def __init__(self, kernels: Sequence[Kernel], results: Sequence[tuple[Stored, Stored]]) -> None:
        self.kernels = kernels
        writers: dict[Buffer, list[Kernel]] = {}
        for kernel in kernels:
            for access in kernel.stores():
                writers.setdefault(access.buffer, []).append(kernel)
        self.old: dict[MapKernel, Buffer] = {}
        for new, old in results:
            made_by = writers.get(new.buffer, [])
            if len(made_by) == 1 and (kernel := made_by[0]) not in self.old and _fits(kernel, new, old):
                assert isinstance(kernel, MapKernel)
                self.old[kernel] = old.buffer

    def settle(self) -> None:
        """Gives up those that others stand against, until none is left that does."""
        while bad := {k for part in self.parts() if not self._is_sound(part) for k in part}:
            self.old = {k: b for k, b in self.old.items() if k not in bad}

    def parts(self) -> list[list[MapKernel]]:
        """The loops, those together that read what another one of them replaces or makes; in order."""
        group = {kernel: kernel for kernel in self.old}
        owner = {buffer: k for k, old in self.old.items() for buffer in (old, k.results[0].buffer)}

        def root(kernel: MapKernel) -> MapKernel:
            while group[kernel] is not kernel:
                kernel = group[kernel]
            return kernel

        for kernel in self.old:
            for access in kernel.reads:
                if access.buffer in owner:
                    group[root(kernel)] = root(owner[access.buffer])
        parts: dict[MapKernel, list[MapKernel]] = {}
        for each in self.kernels:
            if isinstance(each, MapKernel) and each in self.old:
                parts.setdefault(root(each), []).append(each)
        return list(parts.values())

    def _is_sound(self, part: Sequence[MapKernel]) -> bool:
        own = {b for kernel in part for b in (self.old[kernel], kernel.results[0].buffer)}
        made = {kernel.results[0].buffer for kernel in part}
        others = (k for k in self.kernels if not isinstance(k, MapKernel) or k not in self.old)
        return (
            len({kernel.kept for kernel in part}) == 1
            and _all_at(part[0].results[0].address, own, part)
            and not any(access.buffer in made for kernel in others for access in kernel.reads)
        )


def _fits(kernel: Kernel, new: Stored, old: Stored) -> bool:
    """Whether a loop makes just this result, element after element."""
    return (
        isinstance(kernel, MapKernel)
        and not kernel.invariant
        and len(kernel.results) == 1
        and new.shape == old.shape == tuple(var.extent for var in kernel.kept)
        and new.kind == old.kind
        and new.strides == contiguous_strides(new.shape)
        and kernel.results[0].address == ravel(position(kernel.kept), new.strides)
    )


def _all_at(address: Index, buffers: set[Buffer], kernels: Iterable[Kernel]) -> bool:
    return all(a.address == address for kernel in kernels for a in kernel.reads if a.buffer in buffers)
