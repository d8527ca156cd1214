"""Collects the buffers and kernels of a step while its nodes are lowered."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from torch import Tensor
from torch.fx import Node

from pyro.compiler.loop.blas import Matrix
from pyro.compiler.loop.code import Code, Module, Value
from pyro.compiler.loop.expression import (
    Constant,
    Expression,
    Fold,
    Pointwise,
    Stored,
    View,
    broadcast,
    contiguous_strides,
    placed,
    reshaped,
)
from pyro.compiler.loop.fold import FoldKernel
from pyro.compiler.loop.index import Index, Var
from pyro.compiler.loop.kernel import Kernel, MapKernel, PositionOf, ScatterKernel
from pyro.compiler.loop.nest import Ranges
from pyro.compiler.loop.scalar import Number, ScalarType, scalar_type
from pyro.compiler.loop.scope import Access, Buffer

__all__ = ["Builder", "PADDING", "SMALL", "SerialKernel"]

SMALL = 64  # elements that may live on the stack, where LLVM keeps them in registers
PADDING = 16  # elements behind the last one that a vector may read
_CHEAP = 2  # cost up to which a value is rather computed twice than stored
_DIVISIONS = 2  # of positions, before a tensor is stored
_ANYWHERE = Index()
_LANES = 8
_SHORT_ROW = 64
_IN_CACHE = 4096  # elements
_LONG = 100  # cost from which a body is cut: it is written by recursion, and registers are few


class SerialKernel(Kernel):
    """A hand-written nest over whole buffers: scans, sorting, factorisations.

    Args:
        sources: contiguous buffers that it reads.
        targets: contiguous buffers that it fills.
        body: writes it.
        invariant: whether it gives the same in every step.
    """

    def __init__(
        self, sources: Sequence[Buffer], targets: Sequence[Buffer], body: Callable[[Code], None], invariant: bool
    ) -> None:
        super().__init__((), invariant=invariant)
        self.targets, self.body = tuple(targets), body
        self.reads = [Access(buffer, _ANYWHERE) for buffer in sources]

    def stores(self) -> list[Access]:
        return [Access(buffer, _ANYWHERE) for buffer in self.targets]

    def accumulates(self, var: Var) -> bool:
        return False

    def write(self, code: Code, ranges: Ranges) -> None:
        self.body(code)


class Builder:
    """What a row of the operator table may ask for.

    Args:
        module: the functions of the program.
        flags: fast-math flags.

    Attributes:
        node: what is being lowered.
    """

    def __init__(self, module: Module, flags: str) -> None:
        self.module, self.flags = module, flags
        self.kernels: list[Kernel] = []
        self.buffers: list[Buffer] = []
        self.node: Node | None = None
        self._stored: dict[Expression, Stored] = {}
        self._divided: dict[Expression, int] = {}

    def allocate(self, kind: ScalarType, numel: int) -> Buffer:
        """A new buffer of the program's own."""
        buffer = Buffer(f"%b{len(self.buffers)}", kind, numel + PADDING, padded=True)
        self.buffers.append(buffer)
        return buffer

    def constant(self, number: Number, kind: ScalarType, shape: Sequence[int] = ()) -> Constant:
        """A tensor of one number."""
        return Constant(tuple(shape), kind, 0, True, number)

    def operand(self, value: Expression | Number, kind: ScalarType, shape: Sequence[int]) -> Expression:
        """An argument as a tensor of a shape: numbers become constants of a type, tensors are expanded."""
        if not isinstance(value, Expression):
            return self.constant(value, kind, shape)
        return broadcast(value, shape)

    def pointwise(
        self,
        formula: Callable[..., Value],
        operands: Sequence["Expression | Number | None"],
        kind: ScalarType,
        shape: Sequence[int],
        cost: int = 1,
        compute: ScalarType | None = None,
    ) -> Pointwise:
        """A formula on elements.

        Args:
            formula: takes the operands' elements, all of type ``compute``.
            operands: tensors that broadcast to ``shape``, numbers, or None where the formula takes None.
            kind: the result's element type.
            shape: the result's shape.
            cost: of the formula, about its number of instructions.
            compute: the element type that operands are converted to; the result's where it is None.
        """
        compute = compute or kind
        tensors = [None if v is None else self.operand(v, compute, shape) for v in operands]
        known = [t for t in tensors if t is not None]
        total = cost + sum(t.cost for t in known)
        return Pointwise(tuple(shape), kind, total, all(t.invariant for t in known), tuple(tensors), formula, compute)

    def convert(self, source: Expression, kind: ScalarType) -> Expression:
        """A tensor in another element type."""
        if source.kind == kind:
            return source
        return self.pointwise(lambda value: value, [source], kind, source.shape, compute=source.kind)

    def store(self, expression: Expression) -> Stored:
        """A tensor in memory of the program's own or its caller's, computed first if it is not there."""
        if isinstance(expression, Stored):
            return expression
        if expression not in self._stored:
            self._stored[expression] = self._fill(expression)
        return self._stored[expression]

    def reshape(self, source: Expression, shape: Sequence[int]) -> Expression:
        """A tensor in another shape; stored first where positions have been divided a few times already."""
        if self._divisions(source) >= _DIVISIONS:
            source = self.store(source)
        return reshaped(source, shape)

    def _divisions(self, expression: Expression) -> int:
        """The greatest number of views on one way to memory that divide positions."""
        if expression not in self._divided:
            count = 0
            if isinstance(expression, View):
                count = self._divisions(expression.source) + expression.divides
            elif isinstance(expression, Pointwise):
                count = max((self._divisions(e) for e in expression.operands if e is not None), default=0)
            self._divided[expression] = count
        return self._divided[expression]

    def contiguous(self, expression: Expression) -> Stored:
        """A tensor in memory, element after element."""
        stored = self.store(expression)
        if stored.strides == contiguous_strides(stored.shape):
            return stored
        return self._fill(stored)

    def fold(self, body: Expression, rank: int, combine: str) -> Stored:
        """Reduces the dims of ``body`` behind the first ``rank``."""
        fold = Fold(body.shape[:rank], body.kind, 0, body.invariant, body, combine)
        if math.prod(body.shape[rank:]) == 1:
            lead = body.shape[:rank]
            rest = len(body.shape) - rank
            return self.store(
                View(lead, body.kind, body.cost, body.invariant, body, lambda p: (*p, *[_ANYWHERE] * rest))
            )
        return self.store(fold)

    def assemble(
        self, kind: ScalarType, shape: Sequence[int], parts: Sequence[tuple[Expression, Sequence[int], int]]
    ) -> Stored:
        """A tensor put together: each part goes to where its strides and offset say, later ones over earlier ones."""
        numel = math.prod(shape)
        buffer = self.allocate(kind, numel)
        invariant = all(part.invariant for part, _, _ in parts)
        for part, strides, offset in parts:
            if part.numel:
                kernel = MapKernel.into(self.module, self.flags, self.convert(part, kind), buffer, strides, offset)
                kernel.invariant = invariant
                self.kernels.append(kernel)
        return self._of(buffer, shape, invariant)

    def scatter(self, start: Expression, value: Expression, position_of: PositionOf, add: bool) -> Stored:
        """A copy of a tensor with elements written, or added to, at positions that tensors tell."""
        result = self.assemble(start.kind, start.shape, [(start, contiguous_strides(start.shape), 0)])
        if value.numel and start.numel:
            kernel = ScatterKernel(self.module, self.flags, value, result.buffer, start.shape, position_of, add)
            kernel.invariant = kernel.invariant and start.invariant
            if self.kernels and isinstance(self.kernels[-1], MapKernel):
                self.kernels[-1].invariant = kernel.invariant  # it has to start afresh in every step
            self.kernels.append(kernel)
            result.invariant = kernel.invariant
        return result

    def serial(
        self,
        sources: Sequence[Expression],
        targets: Sequence[tuple[ScalarType, Sequence[int]]],
        body: Callable[[Code, Sequence[Buffer], Sequence[Buffer]], None],
    ) -> list[Stored]:
        """Results of a hand-written nest.

        Args:
            sources: what it reads, handed over in contiguous buffers.
            targets: element type and shape of each result.
            body: writes it, given the buffers of sources and targets.
        """
        read = [self.contiguous(source).buffer for source in sources]
        written = [self.allocate(kind, math.prod(shape)) for kind, shape in targets]
        invariant = all(source.invariant for source in sources)
        self.kernels.append(SerialKernel(read, written, lambda code: body(code, read, written), invariant))
        return [self._of(b, shape, invariant) for b, (_, shape) in zip(written, targets, strict=True)]

    def matrix(self, source: Expression, by_rows: bool = False) -> Matrix:
        """A tensor as matrices that BLAS takes: where it lies, or a copy where its strides do not fit.

        Args:
            source: the tensor.
            by_rows: whether rows have to lie together.
        """
        matrix = self._matrix(self._based(source), by_rows) or self._matrix(self._fill(source), by_rows)
        assert matrix is not None, "rows of contiguous tensors lie together"
        return matrix

    def _matrix(self, source: Expression, by_rows: bool) -> Matrix | None:
        place = placed(source)
        if place is None:
            return None
        matrix = Matrix(place[0], place[1], source.shape, place[2])
        layout = matrix.layout()
        return None if layout is None or (by_rows and layout[0]) else matrix

    def _based(self, source: Expression) -> Expression:
        """A view of what is stored."""
        return replace(source, source=self._based(source.source)) if isinstance(source, View) else self.store(source)

    def room(self, kind: ScalarType, shape: Sequence[int], invariant: bool) -> Stored:
        """A contiguous tensor that a call fills."""
        return self._of(self.allocate(kind, math.prod(shape)), shape, invariant)

    def copied(self, source: Expression, invariant: bool) -> Stored:
        """A contiguous copy that a call may write over; ``invariant`` tells whether the call's result is."""
        copy = self.room(source.kind, source.shape, invariant)
        kernel = MapKernel.into(self.module, self.flags, source, copy.buffer)
        kernel.invariant = invariant  # what is written over has to start afresh
        self.kernels.append(kernel)
        return copy

    def call(self, read: Sequence[Matrix], written: Sequence[Stored], body: Callable[[Code], None]) -> None:
        """Calls of a library, written by ``body``; it says what they read and write."""
        buffers = [result.buffer for result in written]
        self.kernels.append(SerialKernel([m.buffer for m in read], buffers, body, written[0].invariant))

    def settle(self, expression: Expression, uses: int, span: int) -> Expression:
        """Stores a node's value where that is cheaper than computing it in each of its consumers' loops.

        Args:
            expression: the node's value.
            uses: how many nodes use it, views looked through.
            span: the greatest number of positions of a consumer's nest.
        """
        cost = expression.cost
        small = expression.numel <= SMALL
        again = uses > 1 and (cost > _CHEAP or small)
        stretched = span > expression.numel
        ahead = expression.invariant and (small or cost > 2 * _CHEAP)
        ragged = uses > 1 and _is_ragged(expression)
        if cost > _LONG or (cost > 0 and (again or stretched or ahead or ragged)):
            return self.store(expression)
        return expression

    def kind(self, val: Tensor) -> ScalarType:
        """The element type of a node's result."""
        return scalar_type(val.dtype)

    def _fill(self, expression: Expression) -> Stored:
        buffer = self.allocate(expression.kind, expression.numel)
        if expression.numel:
            kernel: Kernel
            if isinstance(expression, Fold):
                kernel = FoldKernel(self.module, self.flags, expression, buffer)
            else:
                kernel = MapKernel.into(self.module, self.flags, expression, buffer)
            self.kernels.append(kernel)
        return self._of(buffer, expression.shape, expression.invariant)

    def _of(self, buffer: Buffer, shape: Sequence[int], invariant: bool) -> Stored:
        return Stored(tuple(shape), buffer.kind, 0, invariant, buffer, contiguous_strides(shape))


def _is_ragged(expression: Expression) -> bool:
    """Whether loops over a matrix's short rows would leave many lanes empty; a copy in the cache is one long row."""
    if len(expression.shape) != 2 or expression.numel > _IN_CACHE:
        return False
    length = expression.shape[-1]
    return length % _LANES != 0 and length < _SHORT_ROW
