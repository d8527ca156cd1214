"""Loop nests of known extents: merged dims, loops or straight code, and pieces that fit the vector lanes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pyro.compiler.loop.code import Code
from pyro.compiler.loop.index import Index, Var
from pyro.compiler.loop.scope import Access, Binding

__all__ = ["Bindings", "Dim", "Ranges", "UNROLL", "lane_pieces", "merged", "position", "walk"]

UNROLL = 16  # bodies in a row before a loop is written

Bindings = dict[Var, Binding]


@dataclass(frozen=True)
class Range:
    """The part of a variable's range that a strip covers: ``extent`` values from ``start``."""

    start: str
    extent: int


Ranges = Mapping[Var, Range]


@dataclass(frozen=True)
class Dim:
    """Neighbouring loop variables that run as one.

    Attributes:
        variables: outermost first. The last one moves through all of the range, the others stay at zero.
        extent: how many positions.
        start: the name of an i64 that is the first position; zero where it is None.
        loose: whether the text has to be the same for other extents, numbers in it aside.
    """

    variables: tuple[Var, ...]
    extent: int
    start: str | None = None
    loose: bool = False

    def bind(self, counter: str | None, offset: int = 0) -> Bindings:
        """Bindings of its variables at a position."""
        bindings = dict.fromkeys(self.variables, Binding(None))
        bindings[self.variables[-1]] = Binding(counter, offset)
        return bindings

    def fixed(self, offset: int) -> Bindings:
        """Bindings at a known distance from its start."""
        return self.bind(self.start, offset)

    def beyond(self, code: Code, counter: str, distance: int) -> Bindings:
        """Bindings at a loop counter's distance from a place that is a distance behind its start."""
        return self.moving(code, code.raw(f"add nsw i64 {counter}, {distance}"))

    def moving(self, code: Code, counter: str, offset: int = 0) -> Bindings:
        """Bindings at a loop counter's distance from its start."""
        if self.start is not None:
            counter = code.raw(f"add nsw i64 {self.start}, {counter}")
        return self.bind(counter, offset)


def position(variables: Sequence[Var]) -> tuple[Index, ...]:
    """Where the variables stand; dims of extent one stay at zero."""
    return tuple(Index() if var.extent == 1 else Index.of(var) for var in variables)


def merged(
    code: Code,
    variables: Sequence[Var],
    ranges: Ranges,
    accesses: Iterable[Access],
    opaque: set[Var],
    loose: Collection[Var] = (),
) -> list[Dim]:
    """The dims of a nest, with neighbours merged where every address moves through both as through one.

    Args:
        code: where the start of a merged strip is computed.
        variables: outermost first.
        ranges: strips of some of them.
        accesses: all loads and stores of the body.
        opaque: variables that are used as numbers and have to stay what they are.
        loose: variables whose extents may show in numbers only.
    """
    addresses = [access.address for access in accesses]
    groups: list[list[Var]] = []
    for var in variables:
        if var.extent == 1:
            continue
        outer = groups[-1][-1] if groups else None
        free = outer is not None and opaque.isdisjoint((outer, var)) and var not in ranges
        if free and all(a.coefficient(outer) == a.coefficient(var) * var.extent for a in addresses):  # type: ignore[arg-type]
            groups[-1].append(var)
        else:
            groups.append([var])
    return [replace(_dim(code, group, ranges), loose=any(var in loose for var in group)) for group in groups]


def _dim(code: Code, group: list[Var], ranges: Ranges) -> Dim:
    inner = 1
    for var in group[1:]:
        inner *= var.extent
    strip = ranges.get(group[0])
    if strip is None:
        return Dim(tuple(group), group[0].extent * inner)
    start = strip.start if inner == 1 else code.raw(f"mul nsw i64 {strip.start}, {inner}")
    return Dim(tuple(group), strip.extent * inner, start)


def walk(code: Code, dims: Sequence[Dim], body: Callable[[Bindings], None], limit: int = UNROLL) -> None:
    """Writes the body for every position: in a row if there are few, else in loops.

    Args:
        code: the function.
        dims: outermost first.
        body: writes the code at given bindings.
        limit: how many bodies there may be in a row.
    """
    if not dims:
        body({})
        return
    count = 1
    for dim in dims:
        count *= dim.extent
    first, rest = dims[0], dims[1:]
    if count <= limit and not any(dim.loose for dim in dims):
        for offset in range(first.extent):
            walk(code, rest, lambda inner, o=offset: body({**first.fixed(o), **inner}), limit)  # type: ignore[misc]
        return
    with code.loop(first.extent) as counter:
        bound = first.moving(code, counter)
        walk(code, rest, lambda inner: body({**bound, **inner}), limit)


def lane_pieces(extent: int, width: int) -> list[tuple[int, int]]:
    """Cuts a range that is shorter than two vectors, or a remainder, into powers of two.

    Returns:
        pairs of offset and lanes.

    Example:
        >>> lane_pieces(13, 8)
        [(0, 8), (8, 4), (12, 1)]
    """
    pieces: list[tuple[int, int]] = []
    offset = 0
    while offset < extent:
        while width > extent - offset:
            width //= 2
        pieces.append((offset, width))
        offset += width
    return pieces
