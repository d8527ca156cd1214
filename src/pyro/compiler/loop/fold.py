"""Reductions as loop nests, vectorised along a reduced dim or along a kept one, whichever lies together in memory."""

from collections.abc import Callable, Sequence

from pyro.compiler.loop.code import Code, Module, Value
from pyro.compiler.loop.expression import Fold, contiguous_strides
from pyro.compiler.loop.index import Index, Var, ravel
from pyro.compiler.loop.kernel import Kernel, variables_of
from pyro.compiler.loop.nest import Bindings, Dim, Ranges, lane_pieces, merged, position, walk
from pyro.compiler.loop.scalar import Number, ScalarType
from pyro.compiler.loop.scope import Access, Binding, Buffer, Scope

__all__ = ["FoldKernel", "combined", "identity"]

_ACCUMULATORS = 4  # independent sums hide the latency of an addition
_TILE = 8  # vectors of sums that a nest along a kept dim holds in registers


def identity(combine: str, kind: ScalarType) -> Number:
    """What a reduction starts from.

    Args:
        combine: as in :class:`~pyro.compiler.loop.expression.Fold`.
        kind: the element type.
    """
    if combine in ("max", "min") and kind.kind != "bool":
        if kind.is_float:
            return float("-inf") if combine == "max" else float("inf")
        bits = 8 * kind.size - int(kind.signed)
        low = -(2**bits) if kind.signed else 0
        return low if combine == "max" else 2**bits - 1
    return {"add": 0, "mul": 1, "or": 0, "and": 1, "max": 0, "min": 1}[combine]


def combined(combine: str, left: Value, right: Value) -> Value:
    """Two partial results put together; NaN wins in ``"max"`` and ``"min"``."""
    code, kind = left.code, left.kind
    if combine in ("max", "min"):
        if kind.kind == "bool":
            return left | right if combine == "max" else left & right
        name = f"{combine}imum" if kind.is_float else f"{'s' if kind.signed else 'u'}{combine}"
        return left.call(name, right)
    return code.binary(combine, left, right)


class FoldKernel(Kernel):
    """Stores a :class:`~pyro.compiler.loop.expression.Fold`.

    Args:
        module: where functions are declared.
        flags: fast-math flags.
        fold: what is computed.
        buffer: where it goes, contiguous.
    """

    def __init__(self, module: Module, flags: str, fold: Fold, buffer: Buffer) -> None:
        rank = len(fold.shape)
        kept, reduced = variables_of(fold.shape, "k"), variables_of(fold.body.shape[rank:], "r")
        super().__init__(kept, reduced, invariant=fold.invariant)
        self.fold, self.buffer, self.cost = fold, buffer, fold.body.cost
        self.address = ravel(position(kept), contiguous_strides(fold.shape))
        self.where = position((*kept, *reduced))
        self._look(module, flags, [(fold.body, self.where)])

    def stores(self) -> list[Access]:
        return [Access(self.buffer, self.address)]

    def write_start(self, code: Code) -> None:
        start = identity(self.fold.combine, self.fold.kind)

        def fill(bound: Bindings) -> None:
            scope = Scope(code, {**self._origin(), **bound})
            scope.store(self.buffer, self.address, code.constant(self.fold.kind, start))

        walk(code, merged(code, self.kept, {}, self.stores(), set()), fill)

    def write(self, code: Code, ranges: Ranges) -> None:
        accesses = [*self.reads, *self.stores()]
        kept = merged(code, self.kept, ranges, accesses, self.opaque, self.loose)
        reduced = merged(code, self.reduced, ranges, self.reads, self.opaque, self.loose)
        again = any(var in ranges for var in self.reduced)
        if self._along_kept(kept, reduced):
            _AlongKept(self, code, kept, reduced, again).write()
        else:
            _AlongReduced(self, code, kept, reduced, again).write()

    def _origin(self) -> Bindings:
        return {var: Binding(None) for var in (*self.kept, *self.reduced)}

    def _along_kept(self, kept: Sequence[Dim], reduced: Sequence[Dim]) -> bool:
        if not kept or not reduced:
            return bool(kept)
        ours, theirs = kept[-1], reduced[-1]
        bad = [self._misfits(dim.variables[-1]) for dim in (ours, theirs)]
        if bad[0] != bad[1]:
            return bad[0] < bad[1]
        return _many(ours) >= _many(theirs)

    def _misfits(self, lane: Var) -> int:
        """How many loads would be neither runs nor splats; what a quotient or a gather hides counts as well."""
        return sum(
            access.address.coefficient(lane) not in (0, 1)
            or any(not isinstance(s, Var) and lane in Index.of(s).variables() for s, _ in access.address.terms)
            for access in self.reads
        )

    def finish(self, scope: Scope, result: Value, again: bool) -> None:
        """Stores a result, or adds it to that of the strips before."""
        if again:
            result = combined(self.fold.combine, scope.load(self.buffer, self.address), result)
        scope.store(self.buffer, self.address, result)


def _many(dim: Dim) -> int:
    """The extent of a dim, as far as it matters for the direction of the lanes."""
    return 64 if dim.loose else min(dim.extent, 64)


class _Sums:
    """Partial results in variables on the stack, which LLVM turns into registers."""

    def __init__(self, kernel: FoldKernel, code: Code, lanes: Sequence[int]) -> None:
        self.code, self.kind, self.combine, self.lanes = code, kernel.fold.kind, kernel.fold.combine, lanes
        self.places = [code.alloca(self.kind.vector(n)) for n in lanes]

    def reset(self) -> None:
        start = self.code.constant(self.kind, identity(self.combine, self.kind))
        for place, lanes in zip(self.places, self.lanes, strict=True):
            self.code.do(f"store {start.spread(lanes).typed()}, ptr {place}, align 32")

    def get(self, i: int) -> Value:
        lanes = self.lanes[i]
        return self.code.emit(self.kind, lanes, f"load {self.kind.vector(lanes)}, ptr {self.places[i]}, align 32")

    def add(self, i: int, value: Value) -> None:
        total = combined(self.combine, self.get(i), value.spread(self.lanes[i]))
        self.code.do(f"store {total.typed()}, ptr {self.places[i]}, align 32")

    def total(self) -> Value:
        """All lanes of all of them."""
        wide = [i for i, lanes in enumerate(self.lanes) if lanes == self.lanes[0]]
        result = self.get(0)
        for i in wide[1:]:
            result = combined(self.combine, result, self.get(i))
        while result.lanes > 1:
            result = combined(self.combine, *_halves(result))
        for i in range(len(wide), len(self.lanes)):
            result = combined(self.combine, result, self.get(i))
        return result


def _halves(value: Value) -> tuple[Value, Value]:
    half = value.lanes // 2

    def part(first: int) -> Value:
        mask = ", ".join(f"i32 {first + i}" for i in range(half))
        if half == 1:
            return value.code.emit(value.kind, 1, f"extractelement {value.typed()}, i64 {first}")
        vector = value.kind.vector(value.lanes)
        return value.code.emit(
            value.kind, half, f"shufflevector {vector} {value.name}, {vector} poison, <{half} x i32> <{mask}>"
        )

    return part(0), part(half)


class _AlongReduced:
    """Lanes run along the last reduced dim: each kept position sums vectors and then their lanes."""

    def __init__(
        self, kernel: FoldKernel, code: Code, kept: Sequence[Dim], reduced: Sequence[Dim], again: bool
    ) -> None:
        self.kernel, self.code, self.kept, self.again = kernel, code, kept, again
        self.outer, self.inner = list(reduced[:-1]), reduced[-1] if reduced else None
        extent = self.inner.extent if self.inner else 1
        self.loose = self.inner is not None and self.inner.loose
        self.width = kernel.width() if self.loose else min(kernel.width(), 1 << (extent - 1).bit_length())
        self.ways = _ACCUMULATORS if self.loose or extent >= 2 * _ACCUMULATORS * self.width else 1

    def write(self) -> None:
        sums = _Sums(self.kernel, self.code, [self.width] * self.ways + [1] * self.loose)
        origin = self.kernel._origin()

        def one(bound: Bindings) -> None:
            sums.reset()
            walk(self.code, self.outer, lambda outer: self._run(sums, {**origin, **bound, **outer}))
            self.kernel.finish(Scope(self.code, {**origin, **bound}), sums.total(), self.again)

        walk(self.code, self.kept, one)

    def _run(self, sums: _Sums, bound: Bindings) -> None:
        code, inner, width = self.code, self.inner, self.width
        if inner is None:
            self._piece(sums, 0, bound, 1)
            return
        if self.loose:
            self._run_loose(sums, bound, inner)
            return
        block = width * self.ways
        done = 0
        if inner.extent // width > self.kernel.unroll():
            done = inner.extent // block * block
            with code.loop(done, block) as counter:
                for way in range(self.ways):
                    self._piece(sums, way, {**bound, **inner.moving(code, counter, way * width)}, width)
        for i, offset in enumerate(range(done, inner.extent, width)):
            active = min(width, inner.extent - offset)
            self._piece(sums, i % self.ways, {**bound, **inner.fixed(offset)}, active)

    def _run_loose(self, sums: _Sums, bound: Bindings, inner: Dim) -> None:
        """The same in loops that any extent may have: of all ways, of one vector, of one element."""
        code, width = self.code, self.width
        block = width * self.ways
        blocks, full = inner.extent // block * block, inner.extent // width * width
        with code.loop(blocks, block, may_be_empty=True) as counter:
            for way in range(self.ways):
                self._piece(sums, way, {**bound, **inner.moving(code, counter, way * width)}, width)
        with code.loop(full - blocks, width, may_be_empty=True) as counter:
            self._piece(sums, 0, {**bound, **inner.beyond(code, counter, blocks)}, width)
        with code.loop(inner.extent - full, may_be_empty=True) as counter:
            scope = Scope(code, {**bound, **inner.beyond(code, counter, full)})
            sums.add(self.ways, scope.element(self.kernel.fold.body, self.kernel.where))

    def _piece(self, sums: _Sums, way: int, bound: Bindings, active: int) -> None:
        lane = self.inner.variables[-1] if self.inner else None
        scope = Scope(self.code, bound, lane, self.width, active)
        value = scope.element(self.kernel.fold.body, self.kernel.where)
        if active < self.width:
            kind = self.kernel.fold.kind
            start = self.code.constant(kind, identity(self.kernel.fold.combine, kind)).spread(self.width)
            flags = ", ".join(f"i1 {str(i < active).lower()}" for i in range(self.width))
            value = self.code.emit(
                kind,
                self.width,
                f"select <{self.width} x i1> <{flags}>, {value.spread(self.width).typed()}, {start.typed()}",
            )
        sums.add(way, value)


class _AlongKept:
    """Lanes run along the last kept dim: a tile of sums stays in registers while the reduced dims pass."""

    def __init__(
        self, kernel: FoldKernel, code: Code, kept: Sequence[Dim], reduced: Sequence[Dim], again: bool
    ) -> None:
        self.kernel, self.code, self.reduced, self.again = kernel, code, reduced, again
        self.outer, self.inner = list(kept[:-1]), kept[-1]
        self.width = kernel.width()

    def write(self) -> None:
        if self.inner.loose:
            walk(self.code, self.outer, self._row_loose, 1)
            return
        tile = self.width * _TILE
        tiles = self.inner.extent // tile
        rest = self.inner.extent - tiles * tile
        full = self._tile([(i * self.width, self.width) for i in range(_TILE)]) if tiles else None
        last = self._tile([(tiles * tile + o, n) for o, n in lane_pieces(rest, self.width)]) if rest else None

        def row(outer: Bindings) -> None:
            if full is not None and tiles == 1:
                full(outer, self.inner.fixed)
            elif full is not None:
                with self.code.loop(tiles * tile, tile) as counter:
                    moving = self.inner.moving(self.code, counter)[self.inner.variables[-1]].counter
                    full(outer, lambda offset: self.inner.bind(moving, offset))
            if last is not None:
                last(outer, self.inner.fixed)

        walk(self.code, self.outer, row, 1)

    def _row_loose(self, outer: Bindings) -> None:
        """Tiles in loops that any extent may have: of many vectors, of one, of one element."""
        inner, done = self.inner, 0
        for vectors, lanes in ((_TILE, self.width), (1, self.width), (1, 1)):
            tile = self._tile([(i * lanes, lanes) for i in range(vectors)])
            stop = inner.extent // (vectors * lanes) * (vectors * lanes)
            with self.code.loop(stop - done, vectors * lanes, may_be_empty=True) as counter:
                place = inner.beyond(self.code, counter, done)[inner.variables[-1]].counter
                tile(outer, lambda offset, place=place: inner.bind(place, offset))  # type: ignore[misc]
            done = stop

    def _tile(self, pieces: list[tuple[int, int]]) -> Callable[[Bindings, Callable[[int], Bindings]], None]:
        kernel, code = self.kernel, self.code
        sums = _Sums(kernel, code, [lanes for _, lanes in pieces])
        lane = self.inner.variables[-1]

        def write(outer: Bindings, place: Callable[[int], Bindings]) -> None:
            origin = {**kernel._origin(), **outer}
            sums.reset()

            def step(bound: Bindings) -> None:
                for i, (offset, lanes) in enumerate(pieces):
                    scope = Scope(code, {**origin, **bound, **place(offset)}, lane, lanes, lanes)
                    sums.add(i, scope.element(kernel.fold.body, kernel.where))

            walk(code, self.reduced, step, max(1, kernel.unroll() // len(pieces)))
            for i, (offset, lanes) in enumerate(pieces):
                scope = Scope(code, {**origin, **place(offset)}, lane, lanes, lanes)
                kernel.finish(scope, sums.get(i), self.again)

        return write
