"""The order of a step's kernels, and which of them share a pass over their rows.

Kernels that run over the same long dim, where each needs only the rows of the others that it is at, form a group. A
group is written strip by strip: every kernel for a few hundred rows, then the next rows. So data are read once for a
product with a matrix, what follows row by row, and the transposed product; what lies between stays in the cache.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pyro.compiler.loop.code import Code
from pyro.compiler.loop.index import Index, Var
from pyro.compiler.loop.kernel import Kernel, MapKernel
from pyro.compiler.loop.nest import Range, Ranges
from pyro.compiler.loop.scope import Access, Buffer

__all__ = ["Group", "Writing", "directly", "grouped", "write_group"]

_LONG = 65  # rows from which kernels are grouped
_STRIP_BYTES = 16384  # of the widest row times the rows of a strip: half of a small first-level cache


Writing = Callable[[Kernel, Code, Ranges], None]


@dataclass
class Group:
    """Kernels that run together, in order.

    Attributes:
        rows: the extent of the dim that they share; zero for a kernel by itself.
        kernels: with the variable that runs over the rows.
    """

    rows: int
    kernels: list[tuple[Kernel, Var | None]] = field(default_factory=list)


def row_length(access: Access, var: Var) -> int | None:
    """The elements between two rows, if an access stays within the row of ``var``."""
    address = access.address
    length = address.coefficient(var)
    rest = (address + Index.of(var) * -length).bounds()
    if length <= 0 or rest is None or rest[0] < 0 or rest[1] >= length:
        return None
    return length


def grouped(kernels: Sequence[Kernel]) -> list[Group]:
    """Orders kernels, each as early as what it reads allows, in the first group that it fits in."""
    groups: list[Group] = []
    place: dict[Buffer, int] = {}  # the group of the last kernel that writes a buffer
    last_read: dict[Buffer, int] = {}  # the group of the last kernel that reads it
    for kernel in _single_first(kernels):
        touched = [access.buffer for access in (*kernel.reads, *kernel.stores())]
        gone = [last_read.get(access.buffer, -1) for access in kernel.replaced]
        first = max([-1, *(place[b] for b in touched if b in place), *gone])
        chosen, var = _choose(groups, kernel, first)
        groups[chosen].kernels.append((kernel, var)) if chosen < len(groups) else groups.append(
            Group(var.extent if var else 0, [(kernel, var)])
        )
        for access in kernel.stores():
            place[access.buffer] = chosen
        for access in kernel.reads:
            last_read[access.buffer] = max(chosen, last_read.get(access.buffer, -1))
    return groups


def _single_first(kernels: Sequence[Kernel]) -> list[Kernel]:
    """The kernels in an order where those without a long dim come as soon as what they read is there.

    A loop that needs one of them, as an optimiser's needs its corrections, may then join an earlier group.
    """
    moment: dict[Buffer, int] = {}  # when the last kernel that writes a buffer comes
    keys: list[tuple[int, bool, int]] = []
    for i, kernel in enumerate(kernels):
        touched = [access.buffer for access in (*kernel.reads, *kernel.stores())]
        is_single = not kernel.replaced and all(var.extent < _LONG for var in (*kernel.kept, *kernel.reduced))
        when = max((moment.get(buffer, -1) for buffer in touched), default=-1) if is_single else i
        keys.append((when, is_single, i))
        moment |= {access.buffer: when for access in kernel.stores()}
    return [kernels[i] for _, _, i in sorted(keys)]


def _choose(groups: Sequence[Group], kernel: Kernel, first: int) -> tuple[int, Var | None]:
    """The position of the group that a kernel goes to, and its variable of rows."""
    candidates = [var for var in (*kernel.kept, *kernel.reduced) if var.extent >= _LONG and _cuttable(kernel, var)]
    candidates = [var for var in candidates if not _is_inner(kernel, var)] or candidates
    for position in range(max(first, 0), len(groups)):
        for var in candidates:
            if var.extent == groups[position].rows and (position > first or _in_step(groups[position], kernel, var)):
                return position, var
    return len(groups), candidates[0] if candidates else None


def _cuttable(kernel: Kernel, var: Var) -> bool:
    return var in kernel.reduced or all(row_length(access, var) for access in kernel.stores())


def _is_inner(kernel: Kernel, var: Var) -> bool:
    """Whether a variable runs along the rows of what is read, so that strips of it would be columns."""
    return any(access.address.coefficient(var) == 1 and len(access.address.terms) > 1 for access in kernel.reads)


def _in_step(group: Group, kernel: Kernel, var: Var) -> bool:
    """Whether what a kernel touches of a group's results, and writes over of what the group reads, is in its rows."""
    for other, row in group.kernels:
        assert row is not None
        if not _behind(other, row, kernel, var):
            return False
        written = {access.buffer: access for access in other.stores()}
        for access in (*kernel.reads, *kernel.stores()):
            store = written.get(access.buffer)
            if store is None:
                continue
            length = row_length(store, row)
            if other.accumulates(row) or length is None or row_length(access, var) != length:
                return False
    return True


def _behind(other: Kernel, row: Var, kernel: Kernel, var: Var) -> bool:
    """Whether a kernel writes only over rows that an earlier one has read."""
    lengths = {access.buffer: row_length(access, var) for access in kernel.replaced}
    return all(
        lengths[access.buffer] is not None and row_length(access, row) == lengths[access.buffer]
        for access in other.reads
        if access.buffer in lengths
    )


def _strip(group: Group) -> int:
    """Rows of a strip: about what the cache holds, at least 64; a divisor of all rows where one is near."""
    widest = 4
    for kernel, var in group.kernels:
        for access in (*kernel.reads, *kernel.stores()):
            coefficient = access.address.coefficient(var) if var else 0
            widest = max(widest, abs(coefficient) * access.buffer.kind.size)
    rows = max(64, _STRIP_BYTES // widest // 8 * 8)
    return next((n for n in range(2 * rows, rows // 2, -8) if group.rows % n == 0), rows)


def joined(kernels: Iterable[tuple[Kernel, Var | None]]) -> list[tuple[Kernel, Var | None]]:
    """The kernels of a group with neighbouring maps of one shape made one, where they agree position by position."""
    result: list[tuple[Kernel, Var | None]] = []
    for kernel, var in kernels:
        last = result[-1][0] if result else None
        if isinstance(kernel, MapKernel) and isinstance(last, MapKernel) and _joinable(last, kernel):
            last.join(kernel)
        else:
            result.append((kernel, var))
    return result


def _joinable(first: MapKernel, second: MapKernel) -> bool:
    if first.kept != second.kept:
        return False
    written = {access.buffer: access.address for access in first.stores()}
    read = {access.buffer for access in first.reads}
    return all(written.get(a.buffer, a.address) == a.address for a in second.reads) and not any(
        a.buffer in written or a.buffer in read for a in second.stores()
    )


def directly(kernel: Kernel, code: Code, ranges: Ranges) -> None:
    """Writes a kernel where it stands."""
    kernel.write(code, ranges)


def write_group(code: Code, group: Group, write: Writing = directly) -> None:
    """Writes the kernels of a group, in strips if there are several.

    Args:
        code: where.
        group: the kernels; it may be written more than once.
        write: writes a kernel for a part of its range, given kernel, code and ranges; in strips, for each strip.
    """
    kernels = group.kernels = joined(group.kernels)
    if len(kernels) == 1:
        write(kernels[0][0], code, {})
        return
    strip = _strip(group)
    for kernel, var in kernels:
        if var is not None and kernel.accumulates(var):
            kernel.write_start(code)
    whole = group.rows // strip * strip
    if whole:
        with code.loop(whole, strip) as counter:
            _write_strip(code, kernels, Range(counter, strip), write)
    if group.rows > whole:
        start = code.raw(f"add i64 0, {whole}")
        _write_strip(code, kernels, Range(start, group.rows - whole), write)


def _write_strip(code: Code, kernels: Sequence[tuple[Kernel, Var | None]], part: Range, write: Writing) -> None:
    for kernel, var in kernels:
        write(kernel, code, {var: part} if var is not None else {})
