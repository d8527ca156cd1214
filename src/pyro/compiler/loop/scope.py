"""Where code is being written: what the loop variables are bound to, and how elements come from and go to memory.

A :class:`Scope` covers the innermost body of a loop nest. One variable may run along the vector lanes; an element is
then a vector, unless its address does not move with that variable, when it is read once. What was computed at a
position is remembered, so that a value with two uses in a body is computed once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pyro.compiler.loop.code import Code, Value
from pyro.compiler.loop.index import Index, Quotient, Remainder, RuntimeValue, Symbol, Var
from pyro.compiler.loop.scalar import I64, ScalarType

__all__ = ["Access", "Binding", "Buffer", "Position", "Scope"]

Position = tuple[Index, ...]


@dataclass(eq=False)
class Buffer:
    """A stretch of memory with elements of one type.

    Attributes:
        name: how LLVM's text refers to its first element, ``%b3``.
        kind: its element type.
        numel: how many elements it has room for, padding included.
        padded: whether a full vector may be read across the last element in use.
        constant: whether no step changes it.
    """

    name: str
    kind: ScalarType
    numel: int
    padded: bool = False
    constant: bool = False


@dataclass(frozen=True)
class Binding:
    """What a loop variable is: ``counter * scale + offset``.

    Attributes:
        counter: the name of an i64, or None for a plain number.
        offset: added to it.
    """

    counter: str | None
    offset: int = 0


@dataclass(frozen=True)
class Access:
    """A load or store of a body: which elements of what."""

    buffer: Buffer
    address: Index


class _Node(Protocol):
    def compute(self, scope: "Scope", position: Position) -> Value: ...


@dataclass
class Scope:
    """The body being written.

    Attributes:
        code: the function.
        bindings: the loop variables' values; of the lane variable, of its first lane.
        lane: the variable that runs along the lanes.
        lanes: how many lanes.
        active: how many of them count; the others may be read as anything.
        reads: the loads so far.
        opaque: variables used as numbers, not as part of an affine address.
    """

    code: Code
    bindings: Mapping[Var, Binding]
    lane: Var | None = None
    lanes: int = 1
    active: int = 1
    reads: list[Access] = field(default_factory=list)
    opaque: set[Var] = field(default_factory=set)
    _known: dict[tuple[object, Position], Value] = field(default_factory=dict)
    _runtime: dict[object, Index] = field(default_factory=dict)

    def element(self, node: _Node, position: Position) -> Value:
        """A tensor's element, computed once."""
        key = (node, position)
        if key not in self._known:
            self._known[key] = node.compute(self, position)
        return self._known[key]

    def runtime(self, key: object, value: Value) -> Index:
        """The index that a computed position is; the same one for the same key."""
        return self._runtime.setdefault(key, Index.of(RuntimeValue(value)))

    def once(self, key: object, make: Callable[[], Value]) -> Value:
        """A value that is computed once in this body."""
        where: Position = ()
        if (key, where) not in self._known:
            self._known[key, where] = make()
        return self._known[key, where]

    def load(self, buffer: Buffer, address: Index) -> Value:
        """Reads elements; what this body stored or loaded before is still in a register."""
        key = (buffer, (address,))
        if key not in self._known:
            self.reads.append(Access(buffer, address))
            self._known[key] = self._load(buffer, address)
        return self._known[key]

    def _load(self, buffer: Buffer, address: Index) -> Value:
        stride = self._lane_stride(address)
        if stride == 0:
            return self._from_memory(buffer, self._pointer(buffer, address), 1)
        if stride == 1:
            return self._load_run(buffer, address)
        return self._gather(buffer, address)

    def remember(self, buffer: Buffer, address: Index, value: Value) -> None:
        """Tells later loads of this body what elements are that will be stored."""
        self._known[buffer, (address,)] = value

    def store(self, buffer: Buffer, address: Index, value: Value) -> None:
        """Writes elements, all of them active."""
        self.remember(buffer, address, value)
        stride = self._lane_stride(address)
        kind = buffer.kind
        if stride == 1:
            value = value.spread(self.lanes)
        elif stride is None or stride > 1 or value.lanes > 1:
            self._store_scattered(buffer, address, value.spread(self.lanes))
            return
        name = value.name
        if kind.memory != kind.register:
            name = self.code.raw(f"zext {value.typed()} to {kind.memory_vector(value.lanes)}")
        pointer = self._pointer(buffer, address)
        self.code.do(f"store {kind.memory_vector(value.lanes)} {name}, ptr {pointer}, align {kind.size}")

    def accumulate(self, buffer: Buffer, address: Index, value: Value) -> None:
        """Adds to elements one after the other, so that lanes may meet in one of them."""
        kind = buffer.kind
        if self._lane_stride(address) == 1:
            self.store(buffer, address, self._load_run(buffer, address) + value)
            return
        values = value.spread(self.lanes)
        for lane, pointer in enumerate(self._lane_pointers(buffer, address)):
            one = values if self.lanes == 1 else self._lane(values, lane)
            total = self._from_memory(buffer, pointer, 1) + one
            name = total.name if kind.memory == kind.register else self.code.raw(f"zext {total.typed()} to i8")
            self.code.do(f"store {kind.memory} {name}, ptr {pointer}, align {kind.size}")

    def _lane(self, values: Value, lane: int) -> Value:
        return self.code.emit(values.kind, 1, f"extractelement {values.typed()}, i64 {lane}")

    def number(self, index: Index) -> Value:
        """A position as an i64 value, one a lane where it moves with the lanes."""
        self.opaque |= index.variables()
        return self.once(index, lambda: self._number(index))

    def _number(self, index: Index) -> Value:
        total = self.code.constant(I64, index.const)
        for symbol, coefficient in index.ordered():
            total = total + self._symbol(symbol) * coefficient
        return total

    def _symbol(self, symbol: Symbol) -> Value:
        if isinstance(symbol, RuntimeValue):
            return symbol.value
        if isinstance(symbol, Quotient):
            return self.code.binary("div", self.number(symbol.index), symbol.divisor)
        if isinstance(symbol, Remainder):
            return self.code.binary("rem", self.number(symbol.index), symbol.divisor)
        start = self._bound(symbol)
        if symbol != self.lane:
            return start
        steps = ", ".join(f"i64 {i}" for i in range(self.lanes))
        return start + Value(self.code, I64, f"<{steps}>", self.lanes) if self.lanes > 1 else start

    def _bound(self, var: Var) -> Value:
        binding = self.bindings[var]
        if binding.counter is None:
            return self.code.constant(I64, binding.offset)
        counter = self.code.position(binding.counter)
        return counter + binding.offset if binding.offset else counter

    def _varies(self, symbol: Symbol) -> bool:
        if isinstance(symbol, RuntimeValue):
            return symbol.value.lanes > 1
        if isinstance(symbol, Var):
            return symbol == self.lane
        return any(self._varies(inner) for inner, _ in symbol.index.terms)

    def _lane_stride(self, address: Index) -> int | None:
        """How far lanes lie apart; None where no one number tells."""
        if self.lane is None or self.lanes == 1:
            return 0
        for symbol, _ in address.terms:
            if not isinstance(symbol, Var) and self._varies(symbol):
                return None
        return address.coefficient(self.lane)

    def _pointer(self, buffer: Buffer, address: Index) -> str:
        """To the first lane's element."""
        constant = address.const
        total: Value | None = None
        for symbol, coefficient in address.ordered():
            if isinstance(symbol, Var):
                binding = self.bindings[symbol]
                constant += binding.offset * coefficient
                if binding.counter is None:
                    continue
                term = self.code.position(binding.counter)
            else:
                self.opaque |= Index.of(symbol).variables()
                term = self._symbol(symbol)
            term = term if coefficient == 1 else term * coefficient
            total = term if total is None else total + term
        pointer = buffer.name
        if total is not None:
            pointer = self.code.raw(f"getelementptr {buffer.kind.memory}, ptr {pointer}, {total.typed()}")
        if constant:
            pointer = self.code.raw(f"getelementptr {buffer.kind.memory}, ptr {pointer}, i64 {constant}")
        return pointer

    def _from_memory(self, buffer: Buffer, pointer: str, lanes: int) -> Value:
        kind = buffer.kind
        instruction = f"load {kind.memory_vector(lanes)}, ptr {pointer}, align {kind.size}"
        return self._to_register(kind, lanes, instruction)

    def _to_register(self, kind: ScalarType, lanes: int, instruction: str) -> Value:
        if kind.memory == kind.register:
            return self.code.emit(kind, lanes, instruction)
        raw = self.code.raw(instruction)
        return self.code.emit(
            kind,
            lanes,
            f"icmp ne {kind.memory_vector(lanes)} {raw}, zeroinitializer"
            if lanes > 1
            else f"icmp ne {kind.memory} {raw}, 0",
        )

    def _load_run(self, buffer: Buffer, address: Index) -> Value:
        pointer = self._pointer(buffer, address)
        if self.active == self.lanes or buffer.padded:
            return self._from_memory(buffer, pointer, self.lanes)
        kind, lanes = buffer.kind, self.lanes
        vector = kind.memory_vector(lanes)
        name = f"llvm.masked.load.v{lanes}{kind.memory if kind.memory == 'i8' else kind.suffix}.p0"
        self.code.module.declared.setdefault(name, f"declare {vector} @{name}(ptr, <{lanes} x i1>, {vector})")
        operands = f"ptr align {kind.size} {pointer}, {self._mask()}, {vector} zeroinitializer"
        return self._to_register(kind, lanes, f"call {vector} @{name}({operands})")

    def _mask(self) -> str:
        flags = ", ".join(f"i1 {str(i < self.active).lower()}" for i in range(self.lanes))
        return f"<{self.lanes} x i1> <{flags}>"

    def _lane_pointers(self, buffer: Buffer, address: Index) -> list[str]:
        offsets = self._number(address).spread(self.lanes)
        ones = [offsets] if self.lanes == 1 else [self._lane(offsets, lane) for lane in range(self.active)]
        base = f"getelementptr {buffer.kind.memory}, ptr {buffer.name}"
        return [self.code.raw(f"{base}, {one.typed()}") for one in ones]

    def _gather(self, buffer: Buffer, address: Index) -> Value:
        self.opaque |= address.variables() - {s for s, _ in address.terms if isinstance(s, Var)}
        kind, result = buffer.kind, "zeroinitializer"
        for lane, pointer in enumerate(self._lane_pointers(buffer, address)):
            one = self.code.raw(f"load {kind.memory}, ptr {pointer}, align {kind.size}")
            vector = kind.memory_vector(self.lanes)
            result = self.code.raw(f"insertelement {vector} {result}, {kind.memory} {one}, i64 {lane}")
        if kind.memory == kind.register:
            return Value(self.code, kind, result, self.lanes)
        return self.code.emit(kind, self.lanes, f"icmp ne {kind.memory_vector(self.lanes)} {result}, zeroinitializer")

    def _store_scattered(self, buffer: Buffer, address: Index, value: Value) -> None:
        kind = buffer.kind
        name = value.name
        if kind.memory != kind.register:
            name = self.code.raw(f"zext {value.typed()} to {kind.memory_vector(self.lanes)}")
        for lane, pointer in enumerate(self._lane_pointers(buffer, address)):
            one = self.code.raw(f"extractelement {kind.memory_vector(self.lanes)} {name}, i64 {lane}")
            self.code.do(f"store {kind.memory} {one}, ptr {pointer}, align {kind.size}")
