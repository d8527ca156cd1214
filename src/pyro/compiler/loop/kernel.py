"""Kernels: the loop nests of a step. Each fills one buffer, or several of one shape, or adds to one.

A kernel is made of loop variables and expressions; its loads are found by writing its body once into the void. It can
be written whole or for a strip of one variable's range, so that neighbours can share a pass over their rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pyro.compiler.loop.code import Code, Module
from pyro.compiler.loop.expression import Expression, contiguous_strides, resolve
from pyro.compiler.loop.index import Index, Var, ravel
from pyro.compiler.loop.nest import UNROLL, Bindings, Dim, Ranges, lane_pieces, merged, position, walk
from pyro.compiler.loop.scope import Access, Binding, Buffer, Position, Scope

__all__ = ["Kernel", "MapKernel", "ScatterKernel", "Store", "VECTOR_BYTES", "variables_of"]

VECTOR_BYTES = 32
_SCATTER_COST = 10
_ROW_COST = 100  # of the bodies in a row

Body = Callable[[Scope], None]
PositionOf = Callable[[Position], Sequence[Index | tuple[Expression, Position]]]


def variables_of(shape: Sequence[int], prefix: str) -> tuple[Var, ...]:
    """One loop variable a dim."""
    return tuple(Var(f"{prefix}{i}", extent) for i, extent in enumerate(shape))


@dataclass(eq=False)
class Kernel:
    """A loop nest.

    Attributes:
        kept: variables of the dims of what it writes.
        reduced: variables that it runs over for each of them.
        reads: its loads.
        opaque: variables that it uses as numbers.
        invariant: whether it gives the same in every step.
        cost: of one element, about the number of instructions.
        replaced: the memory of old state that it writes over under the name of a new buffer.
        form: the text of its body for one element.
        loose: variables whose extents may show in numbers only when it is written; the text is otherwise that of a
            kernel of other extents.
    """

    kept: tuple[Var, ...]
    reduced: tuple[Var, ...] = ()
    reads: list[Access] = field(default_factory=list)
    opaque: set[Var] = field(default_factory=set)
    invariant: bool = False
    cost: int = 1
    replaced: list[Access] = field(default_factory=list)
    form: list[str] = field(default_factory=list)
    loose: frozenset[Var] = frozenset()

    def stores(self) -> list[Access]:
        """What it writes."""
        raise NotImplementedError

    def accumulates(self, var: Var) -> bool:
        """Whether strips of this variable add to the same elements."""
        return var in self.reduced

    def write(self, code: Code, ranges: Ranges) -> None:
        """Writes it, for all of its range or a strip."""
        raise NotImplementedError

    def write_start(self, code: Code) -> None:
        """Writes what has to come before the first of several strips."""

    def width(self) -> int:
        """How many lanes its vectors have; single numbers that all lanes share, as an optimiser's are, do not count."""
        accesses = [access for access in (*self.stores(), *self.reads) if access.address.terms]
        sizes = [access.buffer.kind.size for access in accesses if access.buffer.kind.size > 1]
        return VECTOR_BYTES // max(sizes, default=4)

    def unroll(self) -> int:
        """How many of its bodies may be written in a row: short ones for the registers' sake, few if they are long."""
        return max(1, min(UNROLL, _ROW_COST // (self.cost + 1)))

    def _look(self, module: Module, code_flags: str, visit: "list[tuple[Expression, Position]]") -> None:
        """Finds the loads by writing the elements to nowhere."""
        everywhere = {var: Binding(f"%{var.name}") for var in (*self.kept, *self.reduced)}
        scope = Scope(Code(module, code_flags), everywhere)
        for expression, where in visit:
            scope.element(expression, where)
        self.reads += scope.reads
        self.opaque |= scope.opaque
        self.form += scope.code.lines


@dataclass(frozen=True)
class Store:
    """One result of a map.

    Attributes:
        expression: what is computed.
        buffer: where it goes.
        address: of the element at the kernel's variables.
    """

    expression: Expression
    buffer: Buffer
    address: Index


class MapKernel(Kernel):
    """Computes every element of one or several tensors of one shape."""

    def __init__(self, module: Module, flags: str, shape: Sequence[int], results: list[Store]) -> None:
        super().__init__(variables_of(shape, "k"), invariant=all(r.expression.invariant for r in results))
        self.results = results
        self.cost = sum(r.expression.cost for r in results)
        self._look(module, flags, [(r.expression, position(self.kept)) for r in results])

    @classmethod
    def into(
        cls,
        module: Module,
        flags: str,
        expression: Expression,
        buffer: Buffer,
        strides: Sequence[int] | None = None,
        offset: int = 0,
    ) -> "MapKernel":
        """Fills a buffer, or a part of it that strides and an offset describe."""
        kept = variables_of(expression.shape, "k")
        strides = contiguous_strides(expression.shape) if strides is None else strides
        address = ravel(position(kept), strides) + offset
        return cls(module, flags, expression.shape, [Store(expression, buffer, address)])

    def stores(self) -> list[Access]:
        return [Access(r.buffer, r.address) for r in self.results]

    def join(self, other: "MapKernel") -> None:
        """Takes over another map of the same shape, which comes after this one."""
        self.results += other.results
        self.reads += other.reads
        self.opaque |= other.opaque
        self.replaced += other.replaced
        self.cost += other.cost
        self.form += other.form

    def write(self, code: Code, ranges: Ranges) -> None:
        dims = merged(code, self.kept, ranges, [*self.reads, *self.stores()], self.opaque, self.loose)
        if not dims:
            self._body(Scope(code, {var: Binding(None) for var in self.kept}))
            return
        over_lanes(self, code, dims, self._body)

    def _body(self, scope: Scope) -> None:
        where = position(self.kept)
        values = []
        for result in self.results:
            values.append(scope.element(result.expression, where))
            scope.remember(result.buffer, result.address, values[-1])
        for result, value in zip(self.results, values, strict=True):  # last: a result may lie over what was read
            scope.store(result.buffer, result.address, value)


def over_lanes(kernel: Kernel, code: Code, dims: Sequence[Dim], body: Body) -> None:
    """Writes a body for all positions, the last dim along the lanes."""
    width, inner = kernel.width(), dims[-1]
    lane = inner.variables[-1]
    full = inner.extent // width * width
    limit = kernel.unroll()
    ones = {var: Binding(None) for var in (*kernel.kept, *kernel.reduced)}

    def row(outer: Bindings) -> None:
        def piece(bound: Bindings, lanes: int) -> None:
            body(Scope(code, {**ones, **outer, **bound}, lane, lanes, lanes))

        if inner.loose:
            with code.loop(full, width, may_be_empty=True) as counter:
                piece(inner.moving(code, counter), width)
            with code.loop(inner.extent - full, may_be_empty=True) as counter:
                piece(inner.beyond(code, counter, full), 1)
            return
        if full > limit * width:
            with code.loop(full, width) as counter:
                piece(inner.moving(code, counter), width)
            rest = [(full + o, lanes) for o, lanes in lane_pieces(inner.extent - full, width)]
        else:
            rest = lane_pieces(inner.extent, width)
        for offset, lanes in rest:
            piece(inner.fixed(offset), lanes)

    bodies = 2 if inner.loose else max(1, inner.extent // width)
    walk(code, dims[:-1], row, max(1, limit // bodies))


class ScatterKernel(Kernel):
    """Writes or adds elements at positions that index tensors tell, one after the other.

    Args:
        module: where functions are declared.
        flags: fast-math flags.
        value: what is written; its dims are the kernel's.
        buffer: where; contiguous in ``shape``.
        shape: of the tensor in the buffer.
        position_of: like ``Gathered``'s, into the buffer's tensor.
        add: adds to what is there.
    """

    def __init__(
        self,
        module: Module,
        flags: str,
        value: Expression,
        buffer: Buffer,
        shape: Sequence[int],
        position_of: PositionOf,
        add: bool,
    ) -> None:
        super().__init__((), variables_of(value.shape, "r"))
        self.value, self.buffer, self.shape, self.add = value, buffer, tuple(shape), add
        self.cost = value.cost + _SCATTER_COST
        self.entries = position_of(position(self.reduced))
        indices = [(e[0], e[1]) for e in self.entries if not isinstance(e, Index)]
        self.invariant = value.invariant and all(tensor.invariant for tensor, _ in indices)
        self._look(module, flags, [(value, position(self.reduced)), *indices])
        # Merged dims would have to agree with the scattered address as well.
        self.opaque |= set(self.reduced)

    def stores(self) -> list[Access]:
        return [Access(self.buffer, Index())]

    def write(self, code: Code, ranges: Ranges) -> None:
        dims = merged(code, self.reduced, ranges, self.reads, self.opaque, self.loose)
        if not dims:
            self._body(Scope(code, {var: Binding(None) for var in self.reduced}))
            return
        over_lanes(self, code, dims, self._body)

    def _body(self, scope: Scope) -> None:
        value = scope.element(self.value, position(self.reduced)).to(self.buffer.kind)
        address = ravel(resolve(scope, self.entries, self.shape), contiguous_strides(self.shape))
        if self.add:
            scope.accumulate(self.buffer, address, value)
        else:
            scope.store(self.buffer, address, value)
