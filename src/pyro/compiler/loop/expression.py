"""Tensors that are known by how one element is computed.

Every node of a step becomes an :class:`Expression`. ``scope.element(expression, position)`` writes the code for the
element at a position. Views only rewrite positions; elementwise operators ask for their operands' elements; what was
stored is loaded. So a chain of them becomes one body, whatever loop it is asked for in.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pyro.compiler.loop.code import Value
from pyro.compiler.loop.index import Index, Var, ravel, reshape
from pyro.compiler.loop.scalar import I64, Number, ScalarType
from pyro.compiler.loop.scope import Buffer, Position, Scope

__all__ = [
    "Constant",
    "Expression",
    "Fold",
    "Gathered",
    "Iota",
    "Pointwise",
    "Stored",
    "View",
    "broadcast",
    "contiguous_strides",
    "permuted",
    "placed",
    "reshaped",
]

Shape = tuple[int, ...]


def contiguous_strides(shape: Sequence[int]) -> Shape:
    """Strides of a contiguous tensor."""
    strides: list[int] = []
    step = 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent
    return tuple(reversed(strides))


@dataclass(eq=False)
class Expression:
    """A tensor.

    Attributes:
        shape: its shape.
        kind: its element type.
        cost: about how many instructions one element takes, beyond loads.
        invariant: whether it is the same in every step.
    """

    shape: Shape
    kind: ScalarType
    cost: int = 0
    invariant: bool = True

    @property
    def numel(self) -> int:
        """How many elements it has."""
        count = 1
        for extent in self.shape:
            count *= extent
        return count

    def compute(self, scope: Scope, position: Position) -> Value:
        """Writes the code of one element; call it through ``scope.element``."""
        raise NotImplementedError

    def stored(self) -> Buffer | None:
        """The buffer whose elements it shows, if it computes nothing."""
        return None


@dataclass(eq=False)
class Stored(Expression):
    """Elements in memory."""

    buffer: Buffer = None  # type: ignore[assignment]  # always given: it follows fields that have defaults
    strides: Shape = ()

    def compute(self, scope: Scope, position: Position) -> Value:
        return scope.load(self.buffer, ravel(position, self.strides))

    def stored(self) -> Buffer | None:
        return self.buffer


@dataclass(eq=False)
class Constant(Expression):
    """One number everywhere."""

    number: Number = 0

    def compute(self, scope: Scope, position: Position) -> Value:
        return scope.code.constant(self.kind, self.number)


@dataclass(eq=False)
class Iota(Expression):
    """``start + step * i`` along its one dim."""

    start: Number = 0
    step: Number = 1

    def compute(self, scope: Scope, position: Position) -> Value:
        return scope.number(position[0]).to(self.kind) * self.step + self.start


@dataclass(eq=False)
class View(Expression):
    """Another tensor's elements at other positions.

    Attributes:
        source: the other tensor.
        move: from a position here to the position there.
        divides: whether positions are divided on the way; many divisions of divisions are slow to write and to run.
    """

    source: Expression = None  # type: ignore[assignment]  # always given
    move: Callable[[Position], Sequence[Index]] = tuple
    divides: bool = False

    def compute(self, scope: Scope, position: Position) -> Value:
        return scope.element(self.source, tuple(self.move(position)))

    def stored(self) -> Buffer | None:
        return self.source.stored()


@dataclass(eq=False)
class Pointwise(Expression):
    """A formula on the elements at one position; ``operands`` have its shape, or are None where an argument is."""

    operands: tuple[Expression | None, ...] = ()
    formula: Callable[..., Value] = lambda value: value
    compute_kind: ScalarType | None = None

    def compute(self, scope: Scope, position: Position) -> Value:
        values = [None if e is None else scope.element(e, position) for e in self.operands]
        if self.compute_kind is not None:
            values = [None if v is None else v.to(self.compute_kind) for v in values]
        return self.formula(*values).to(self.kind)


@dataclass(eq=False)
class Gathered(Expression):
    """A tensor's elements at positions that other tensors tell.

    Attributes:
        source: the tensor.
        position_of: for a position of the result, the position in the source, where each entry that an index tensor
            tells is a pair ``(index tensor, its position)``.
    """

    source: Expression = None  # type: ignore[assignment]  # always given
    position_of: Callable[[Position], Sequence["Index | tuple[Expression, Position]"]] = tuple

    def compute(self, scope: Scope, position: Position) -> Value:
        return scope.element(self.source, resolve(scope, self.position_of(position), self.source.shape))


def resolve(scope: Scope, entries: Sequence[Any], shape: Shape) -> Position:
    """A position with the entries that index tensors tell read; negative ones count from the end.

    An entry out of bounds is moved to the nearest bound: the program never leaves its buffers.
    """
    position = []
    for entry, extent in zip(entries, shape, strict=True):
        if isinstance(entry, Index):
            position.append(entry)
            continue
        tensor, where = entry
        key = ("resolved", tensor, where, extent)
        value = scope.once(key, lambda t=tensor, w=where, n=extent: _inside(scope.element(t, w).to(I64), n))  # type: ignore[misc]
        position.append(scope.runtime(key, value))
    return tuple(position)


def _inside(index: Value, extent: int) -> Value:
    index = (index < 0).where(index + extent, index)
    return index.call("smax", 0).call("smin", extent - 1)


@dataclass(eq=False)
class Fold(Expression):
    """A reduction over the trailing dims of ``body``, whose leading dims are its own. It has to be stored to be used.

    Attributes:
        body: what is folded.
        combine: ``"add"``, ``"mul"``, ``"max"``, ``"min"``, ``"or"`` or ``"and"``.
    """

    body: Expression = None  # type: ignore[assignment]  # always given
    combine: str = "add"


def broadcast(source: Expression, shape: Sequence[int]) -> Expression:
    """A tensor expanded to a shape."""
    shape = tuple(shape)
    if source.shape == shape:
        return source
    if isinstance(source, Constant):
        return Constant(shape, source.kind, 0, True, source.number)
    lead = len(shape) - len(source.shape)
    fixed = [extent == 1 for extent in source.shape]

    def move(position: Position) -> list[Index]:
        return [Index() if one else index for one, index in zip(fixed, position[lead:], strict=True)]

    return View(shape, source.kind, source.cost, source.invariant, source, move)


def permuted(source: Expression, dims: Sequence[int]) -> Expression:
    """A tensor with its dims in another order."""
    order = [d % max(1, len(source.shape)) for d in dims]
    if order == list(range(len(order))):
        return source
    where = [order.index(d) for d in range(len(order))]
    shape = tuple(source.shape[d] for d in order)
    return View(
        shape, source.kind, source.cost, source.invariant, source, lambda position: [position[i] for i in where]
    )


def reshaped(source: Expression, shape: Sequence[int]) -> Expression:
    """A tensor's elements in row-major order in another shape."""
    new, old = tuple(shape), source.shape
    if new == old:
        return source
    probe = [Index() if n == 1 else Index.of(Var(f"k{i}", n)) for i, n in enumerate(new)]
    divides = not all(index.is_affine() for index in reshape(probe, new, old))
    move = lambda position: reshape(position, new, old)
    return View(new, source.kind, source.cost, source.invariant, source, move, divides)


def placed(expression: Expression) -> tuple[Buffer, int, Shape] | None:
    """Where a tensor lies in memory: buffer, offset and strides, looking through views; None if it does not."""
    variables = [Var(f"k{i}", n) for i, n in enumerate(expression.shape)]
    position: Position = tuple(Index() if v.extent == 1 else Index.of(v) for v in variables)
    while isinstance(expression, View):
        position, expression = tuple(expression.move(position)), expression.source
    if not isinstance(expression, Stored):
        return None
    address = ravel(position, expression.strides)
    if not address.is_affine():
        return None
    return expression.buffer, address.const, tuple(address.coefficient(v) for v in variables)
