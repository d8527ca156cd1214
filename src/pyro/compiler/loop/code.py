"""Writes LLVM's text, one instruction at a time.

:class:`Code` is the body of one function under construction, :class:`Value` one result in it: a number, or a vector of
``lanes`` numbers. Operators on values emit instructions, so that a formula is written as a formula. Operands with one
lane are spread over the other operand's lanes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pyro.compiler.loop.scalar import BOOL, F32, F64, I32, I64, Number, ScalarType

__all__ = ["Code", "FAST", "Module", "STRICT", "Value"]

FAST = "reassoc nsz contract "  # NaN and infinity stay visible; arcp and afn would make 1 / sqrt(0) a NaN
STRICT = ""

_SHORT = 100  # lines of a library function up to which its body is copied to where it is called
_BINARY = {
    "float": {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "rem": "frem"},
    "int": {
        "add": "add",
        "sub": "sub",
        "mul": "mul",
        "div": "sdiv",
        "rem": "srem",
        "and": "and",
        "or": "or",
        "xor": "xor",
        "shl": "shl",
        "shr": "ashr",
    },
    "bool": {"add": "or", "mul": "and", "and": "and", "or": "or", "xor": "xor"},
}
_COMPARE = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


@dataclass
class Module:
    """Functions that bodies call: declarations of intrinsics and of the C library, and definitions made on demand.

    Attributes:
        library: makes the body of a function by name; see ``vector_math``.
    """

    library: "dict[str, Callable[..., Value]]"
    declared: dict[str, str] = field(default_factory=dict)
    defined: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """All of them, in LLVM's text."""
        return "\n".join([*self.declared.values(), *self.defined.values()])


class Value:
    """The result of an instruction, or a constant.

    Args:
        code: the body that it belongs to.
        kind: its element type.
        name: how LLVM's text refers to it.
        lanes: how many numbers.
        number: for a constant, the number.
    """

    __slots__ = ("code", "kind", "lanes", "name", "number")

    def __init__(self, code: "Code", kind: ScalarType, name: str, lanes: int = 1, number: Number | None = None) -> None:
        self.code, self.kind, self.name, self.lanes, self.number = code, kind, name, lanes, number

    def __add__(self, other: "Value | Number") -> "Value":
        return self.code.binary("add", self, other)

    def __sub__(self, other: "Value | Number") -> "Value":
        return self.code.binary("sub", self, other)

    def __mul__(self, other: "Value | Number") -> "Value":
        return self.code.binary("mul", self, other)

    def __truediv__(self, other: "Value | Number") -> "Value":
        return self.code.binary("div", self, other)

    def __radd__(self, other: Number) -> "Value":
        return self.like(other) + self

    def __rsub__(self, other: Number) -> "Value":
        return self.like(other) - self

    def __rmul__(self, other: Number) -> "Value":
        return self.like(other) * self

    def __rtruediv__(self, other: Number) -> "Value":
        return self.like(other) / self

    def __and__(self, other: "Value | Number") -> "Value":
        return self.code.binary("and", self, other)

    def __or__(self, other: "Value | Number") -> "Value":
        return self.code.binary("or", self, other)

    def __xor__(self, other: "Value | Number") -> "Value":
        return self.code.binary("xor", self, other)

    def __lt__(self, other: "Value | Number") -> "Value":
        return self.code.compare("lt", self, other)

    def __le__(self, other: "Value | Number") -> "Value":
        return self.code.compare("le", self, other)

    def __gt__(self, other: "Value | Number") -> "Value":
        return self.code.compare("gt", self, other)

    def __ge__(self, other: "Value | Number") -> "Value":
        return self.code.compare("ge", self, other)

    def __neg__(self) -> "Value":
        if self.kind.is_float:
            return self.code.emit(self.kind, self.lanes, f"fneg {self.code.flags}{self.typed()}")
        return self.like(0) - self

    def __invert__(self) -> "Value":
        return self ^ (1 if self.kind.kind == "bool" else -1)

    def equals(self, other: "Value | Number") -> "Value":
        """Where both are the same number."""
        return self.code.compare("eq", self, other)

    def differs(self, other: "Value | Number") -> "Value":
        """Where they are not the same number; NaN differs from everything."""
        return self.code.compare("ne", self, other)

    def is_nan(self) -> "Value":
        """Where it is NaN."""
        return self.differs(self)

    def where(self, yes: "Value", no: "Value") -> "Value":
        """``yes`` where this boolean holds and ``no`` elsewhere."""
        lanes = max(self.lanes, yes.lanes, no.lanes)
        condition = self if self.lanes == 1 else self.spread(lanes)
        operands = ", ".join(v.spread(lanes).typed() for v in (yes, no))
        return self.code.emit(yes.kind, lanes, f"select {condition.typed()}, {operands}")

    def like(self, number: Number) -> "Value":
        """A constant of the same element type."""
        return self.code.constant(self.kind, number)

    def call(self, intrinsic: str, *others: "Value | Number") -> "Value":
        """An LLVM intrinsic of this type, ``llvm.sqrt`` for instance."""
        return self.code.intrinsic(intrinsic, self, *others)

    def fma(self, factor: "Value | Number", addend: "Value | Number") -> "Value":
        """``self * factor + addend``, rounded once where the machine can."""
        return self.call("fmuladd", factor, addend)

    def bits(self) -> "Value":
        """The bits of a float as an integer."""
        return self._cast("bitcast", I64 if self.kind.size == 8 else I32)

    def as_float(self) -> "Value":
        """The float with these bits."""
        return self._cast("bitcast", F64 if self.kind.size == 8 else F32)

    def spread(self, lanes: int) -> "Value":
        """The same number in every lane."""
        if self.lanes == lanes:
            return self
        if self.number is not None:
            name = f"splat ({self.kind.register} {self.name})"
            return Value(self.code, self.kind, name, lanes, self.number)
        kind = self.kind.vector(lanes)
        first = self.code.raw(f"insertelement {kind} poison, {self.typed()}, i64 0")
        mask = f"<{lanes} x i32> zeroinitializer"
        return self.code.emit(self.kind, lanes, f"shufflevector {kind} {first}, {kind} poison, {mask}")

    def to(self, kind: ScalarType) -> "Value":
        """Itself converted to another element type, as torch converts."""
        if kind == self.kind:
            return self
        if self.number is not None:
            return self.code.constant(kind, self.number)
        if kind.kind == "bool":
            return self.differs(0)
        if self.kind.is_float and kind.is_float:
            return self._cast("fpext" if kind.size > self.kind.size else "fptrunc", kind)
        if self.kind.is_float:
            return self._saturating(kind)
        unsigned = self.kind.kind == "bool" or not self.kind.signed
        if kind.is_float:
            return self._cast("uitofp" if unsigned else "sitofp", kind)
        if self.kind.kind == "bool" or kind.size > self.kind.size:
            return self._cast("zext" if unsigned else "sext", kind)
        return (
            self._cast("trunc", kind) if kind.size < self.kind.size else Value(self.code, kind, self.name, self.lanes)
        )

    def typed(self) -> str:
        """As an operand, type first."""
        return f"{self.kind.vector(self.lanes)} {self.name}"

    def _cast(self, instruction: str, kind: ScalarType) -> "Value":
        return self.code.emit(kind, self.lanes, f"{instruction} {self.typed()} to {kind.vector(self.lanes)}")

    def _saturating(self, kind: ScalarType) -> "Value":
        """To an integer; a plain conversion of a number out of range would be undefined."""
        target, source = kind.overload(self.lanes), self.kind.overload(self.lanes)
        name = f"llvm.fpto{'s' if kind.signed else 'u'}i.sat.{target}.{source}"
        return self.code.invoke(name, kind, self.lanes, [self])


def _unchanged(operator: str, left: Value, right: Value | Number) -> Value | None:
    """The operand that a sum with zero or a product with one is, if it is such."""
    number = right.number if isinstance(right, Value) else right
    neutral = {"add": 0, "mul": 1}.get(operator)
    if neutral is None:
        return None
    if number == neutral and (not isinstance(right, Value) or right.lanes <= left.lanes):
        return left
    if left.number == neutral and isinstance(right, Value) and left.lanes <= right.lanes:
        return right
    return None


class Code:
    """The body of one function.

    Args:
        module: where called functions are declared.
        flags: fast-math flags of floating-point instructions.
    """

    def __init__(self, module: Module, flags: str) -> None:
        self.module, self.flags = module, flags
        self.lines: list[str] = []
        self.allocas: list[str] = []
        self.block = "entry"
        self._count = 0

    def fresh(self, prefix: str = "v") -> str:
        """A name that is not used yet."""
        self._count += 1
        return f"{prefix}{self._count}"

    def raw(self, instruction: str) -> str:
        """Emits an instruction and names its result."""
        name = f"%{self.fresh()}"
        self.lines.append(f"{name} = {instruction}")
        return name

    def emit(self, kind: ScalarType, lanes: int, instruction: str) -> Value:
        """Emits an instruction with a value."""
        return Value(self, kind, self.raw(instruction), lanes)

    def do(self, instruction: str) -> None:
        """Emits an instruction without a result."""
        self.lines.append(instruction)

    def constant(self, kind: ScalarType, number: Number) -> Value:
        """A constant."""
        return Value(self, kind, kind.literal(number), 1, number)

    def binary(self, operator: str, left: Value, right: Value | Number) -> Value:
        """Arithmetic on two values of one element type."""
        if left.kind == I64 and (same := _unchanged(operator, left, right)) is not None:
            return same
        left, right = self._together(left, right)
        kind = left.kind
        name = _BINARY[kind.kind][operator]
        if not kind.signed:
            name = {"sdiv": "udiv", "srem": "urem", "ashr": "lshr"}.get(name, name)
        flags = self.flags if kind.is_float else ""
        return self.emit(kind, left.lanes, f"{name} {flags}{left.typed()}, {right.name}")

    def compare(self, relation: str, left: Value, right: Value | Number) -> Value:
        """A comparison of two values of one element type."""
        left, right = self._together(left, right)
        if left.kind.is_float:
            return self.emit(BOOL, left.lanes, f"fcmp {_COMPARE[relation]} {left.typed()}, {right.name}")
        signed = left.kind.kind == "int" and left.kind.signed
        prefix = "" if relation in ("eq", "ne") else "s" if signed else "u"
        return self.emit(BOOL, left.lanes, f"icmp {prefix}{relation} {left.typed()}, {right.name}")

    def intrinsic(self, name: str, first: Value, *others: Value | Number) -> Value:
        """An LLVM intrinsic whose operands and result share one type."""
        values = [first, *(v if isinstance(v, Value) else first.like(v) for v in others)]
        lanes = max(v.lanes for v in values)
        return self.invoke(
            f"llvm.{name}.{first.kind.overload(lanes)}", first.kind, lanes, [v.spread(lanes) for v in values]
        )

    def invoke(self, name: str, kind: ScalarType, lanes: int, values: list[Value]) -> Value:
        """Calls a function that is declared here and defined elsewhere."""
        types = ", ".join(v.kind.vector(v.lanes) for v in values)
        self.module.declared.setdefault(name, f"declare {kind.vector(lanes)} @{name}({types})")
        operands = ", ".join(v.typed() for v in values)
        return self.emit(kind, lanes, f"call {kind.vector(lanes)} @{name}({operands})")

    def function(self, name: str, *values: Value) -> Value:
        """Calls a function of the module's library; LLVM copies its body to here if it is short."""
        kind, lanes = values[0].kind, max(v.lanes for v in values)
        full = f"{name}.{kind.overload(lanes)}"
        if full not in self.module.defined:
            body = Code(self.module, STRICT)
            arguments = [Value(body, kind, name, lanes) for name in ("%x", "%y")[: len(values)]]
            result = self.module.library[name](*arguments).spread(lanes)
            text, parameters = "\n".join(body.lines), ", ".join(v.typed() for v in arguments)
            inlining = "alwaysinline" if len(body.lines) <= _SHORT else "noinline"
            self.module.defined[full] = (
                f"define internal {kind.vector(lanes)} @{full}({parameters}) {inlining} {{\nentry:\n{text}\n"
                f"ret {result.typed()}\n}}"
            )
        operands = ", ".join(v.spread(lanes).typed() for v in values)
        return self.emit(kind, lanes, f"call {kind.vector(lanes)} @{full}({operands})")

    def fastest(self, name: str, *values: Value) -> Value:
        """Calls a function that the module's library and C's both have: C's is the faster one for a single element."""
        is_single = all(v.lanes == 1 for v in values)
        return self.lanewise(name, *values) if is_single else self.function(name, *values)

    def lanewise(self, name: str, *values: Value) -> Value:
        """Calls a function of the C library once for each lane."""
        kind, lanes = values[0].kind, max(v.lanes for v in values)
        symbol = name + ("f" if kind.size == 4 else "")
        if lanes == 1:
            return self.invoke(symbol, kind, 1, list(values))
        spread = [v.spread(lanes) for v in values]
        result = "poison"
        for lane in range(lanes):
            ones = [self.emit(kind, 1, f"extractelement {v.typed()}, i64 {lane}") for v in spread]
            one = self.invoke(symbol, kind, 1, ones)
            result = self.raw(f"insertelement {kind.vector(lanes)} {result}, {one.typed()}, i64 {lane}")
        return Value(self, kind, result, lanes)

    def label(self, name: str) -> None:
        """Starts a block."""
        self.lines.append(f"{name}:")
        self.block = name

    @contextmanager
    def loop(self, stop: str | int, step: int = 1, may_be_empty: bool = False) -> Iterator[str]:
        """Runs what is emitted inside for ``range(0, stop, step)``.

        Args:
            stop: where it ends.
            step: between two turns.
            may_be_empty: whether ``stop`` may be zero; else it must be positive.

        Yields:
            the name of the counter, an i64.
        """
        before, head, latch, after = self.block, self.fresh("head"), self.fresh("latch"), self.fresh("after")
        counter, following = f"%{self.fresh('i')}", f"%{self.fresh('n')}"
        if may_be_empty:
            some = self.raw(f"icmp slt i64 0, {stop}")
            self.do(f"br i1 {some}, label %{head}, label %{after}")
        else:
            self.do(f"br label %{head}")
        self.label(head)
        self.do(f"{counter} = phi i64 [ 0, %{before} ], [ {following}, %{latch} ]")
        yield counter
        self.do(f"br label %{latch}")
        self.label(latch)
        self.do(f"{following} = add nuw nsw i64 {counter}, {step}")
        more = self.raw(f"icmp slt i64 {following}, {stop}")
        self.do(f"br i1 {more}, label %{head}, label %{after}")
        self.label(after)

    def position(self, name: str) -> Value:
        """A counter as a value."""
        return Value(self, I64, name)

    def alloca(self, memory_type: str, align: int = 32) -> str:
        """A place on the stack for the whole run."""
        name = f"%{self.fresh('s')}"
        self.allocas.append(f"{name} = alloca {memory_type}, align {align}")
        return name

    def _together(self, left: Value, right: Value | Number) -> tuple[Value, Value]:
        if not isinstance(right, Value):
            right = left.like(right)
        lanes = max(left.lanes, right.lanes)
        return left.spread(lanes), right.spread(lanes)
