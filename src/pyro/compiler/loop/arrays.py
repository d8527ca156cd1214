"""Samplers and gradients over whole arrays: one LLVM function each, which every lowering calls.

A function takes pointers to its operands and to its result, all contiguous numbers in double precision; samplers take a
pointer to the step's key as well. Numbers follow: those of the table below, then for samplers that of the draw.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from pyro.compiler.loop.blocks import branch, call, define, repeat
from pyro.compiler.loop.circle import von_mises
from pyro.compiler.loop.code import STRICT, Code, Module, Value
from pyro.compiler.loop.counts import binomial, poisson
from pyro.compiler.loop.gamma import log_standard_gamma, standard_gamma
from pyro.compiler.loop.implicit import dirichlet_grad, standard_gamma_grad
from pyro.compiler.loop.native import Native, compile_text
from pyro.compiler.loop.philox import Stream
from pyro.compiler.loop.scalar import F64, I64
from pyro.compiler.loop.vector_math import LIBRARY, exp

__all__ = ["ARRAYS", "Array", "LANES", "define_array", "run_array"]

LANES = 4
"""How many elements are worked on at once."""


@dataclass(frozen=True)
class Array:
    """One function over arrays.

    Attributes:
        operands: how many arrays it reads.
        numbers: how many counts it takes: of elements; or of rows and of what a row has.
        is_random: whether it takes a key and the number of the draw.
        define: puts the functions of vectors that it calls into a module.
        body: writes the code, given the pointers to operands, result and key, and the numbers.
    """

    operands: int
    numbers: int
    is_random: bool
    define: Callable[[Module], None]
    body: Callable[[Code, Sequence[str], Sequence[Value]], None]


@dataclass(frozen=True)
class _Place:
    """Positions of an array that are worked on at once: neighbours, or in its last part given one by one.

    Attributes:
        index: the first position, an i64.
        ones: all of them where they are given one by one, those behind the end replaced by the last one.
    """

    index: Value
    ones: tuple[Value, ...] = ()

    @classmethod
    def last(cls, index: Value, count: Value) -> "_Place":
        """The positions from ``index`` on that are below a count."""
        ones = (index + lane for lane in range(LANES))
        return cls(index, tuple((one < count).where(one, count - 1) for one in ones))

    def elements(self) -> Value:
        """The positions, as a vector."""
        code = self.index.code
        if self.ones:
            return _packed(self.ones)
        steps = ", ".join(f"i64 {lane}" for lane in range(LANES))
        return self.index + Value(code, I64, f"<{steps}>", LANES)

    def load(self, pointer: str) -> Value:
        """What stands there."""
        if self.ones:
            return _packed([_load(self.index.code, pointer, one) for one in self.ones])
        return _load(self.index.code, pointer, self.index, LANES)

    def store(self, pointer: str, value: Value) -> None:
        """Puts numbers there."""
        code = self.index.code
        if not self.ones:
            _store(code, pointer, self.index, value)
            return
        for lane, one in enumerate(self.ones):
            number = code.emit(value.kind, 1, f"extractelement {value.typed()}, i64 {lane}")
            _store(code, pointer, one, number)


def _packed(ones: Sequence[Value]) -> Value:
    """A vector of single values."""
    code, kind, name = ones[0].code, ones[0].kind, "poison"
    for lane, one in enumerate(ones):
        name = code.raw(f"insertelement {kind.vector(len(ones))} {name}, {one.typed()}, i64 {lane}")
    return Value(code, kind, name, len(ones))


def _load(code: Code, pointer: str, index: Value, lanes: int = 1) -> Value:
    place = code.raw(f"getelementptr double, ptr {pointer}, {index.typed()}")
    return code.emit(F64, lanes, f"load {F64.vector(lanes)}, ptr {place}, align 8")


def _store(code: Code, pointer: str, index: Value, value: Value) -> None:
    place = code.raw(f"getelementptr double, ptr {pointer}, {index.typed()}")
    code.do(f"store {value.typed()}, ptr {place}, align 8")


def _each(code: Code, count: Value, body: Callable[[Value], None], step: int = 1) -> None:
    """Runs a body for each position, or each ``step`` ones, below a count, which is positive."""

    def once(i: Value) -> tuple[Value, tuple[Value, ...]]:
        body(i)
        return i + step < count, (i + step,)

    repeat((code.constant(I64, 0),), once)


def _sweep(code: Code, count: Value, body: Callable[[_Place], None]) -> None:
    """Runs a body for all positions below a count, which is positive, in vectors."""

    def run(needed: Value, write: Callable[[], None]) -> None:
        def inside() -> tuple[Value, ...]:
            write()
            return ()

        branch(needed, inside, tuple)

    full = count & -LANES
    run(full > 0, lambda: _each(code, full, lambda i: body(_Place(i)), LANES))
    run(full < count, lambda: body(_Place.last(full, count)))


def _accumulated(count: Value, start: Value, body: Callable[[Value, Value], Value]) -> Value:
    """Carries a value through a body for the positions below a count."""

    def once(i: Value, value: Value) -> tuple[Value, tuple[Value, ...]]:
        return i + 1 < count, (i + 1, body(i, value))

    return repeat((count.like(0), start), once)[1]


def _define_sampler(module: Module, name: str, formula: Callable[..., Value], operands: int) -> None:
    """Puts a sampler of vectors into a module: a function of operands, key, number of the draw, and elements."""
    kinds, lanes = [F64] * operands + [I64] * 3, [LANES] * operands + [1, 1, LANES]
    define(module, name, kinds, lambda *v: formula(*v[:-3], Stream(*v[-3:])), lanes)


def _sampler(name: str, formula: Callable[..., Value], operands: int) -> Array:
    """A draw for each element."""

    def body(code: Code, pointers: Sequence[str], numbers: Sequence[Value]) -> None:
        count, draw = numbers
        key = code.emit(I64, 1, f"load i64, ptr {pointers[-1]}, align 8")
        _sweep(code, count, lambda place: place.store(pointers[-2], call(
            name, F64, *(place.load(p) for p in pointers[:operands]), key, draw, place.elements())))  # fmt: skip

    return Array(operands, 1, True, lambda module: _define_sampler(module, name, formula, operands), body)


def _pure(name: str, formula: Callable[..., Value], operands: int) -> Array:
    """A formula on each element."""

    def body(code: Code, pointers: Sequence[str], numbers: Sequence[Value]) -> None:
        _sweep(code, numbers[0], lambda place: place.store(
            pointers[-1], call(name, F64, *(place.load(p) for p in pointers[:-1]))))  # fmt: skip

    kinds, lanes = [F64] * operands, [LANES] * operands
    return Array(operands, 1, False, lambda module: define(module, name, kinds, formula, lanes), body)


def _define_dirichlet(module: Module) -> None:
    _define_sampler(module, "log_standard_gamma", log_standard_gamma, 1)


def _dirichlet(code: Code, pointers: Sequence[str], numbers: Sequence[Value]) -> None:
    """Rows of Gamma variates, divided by their sums; by logarithms, so that a row of tiny ones is not all zero."""
    alpha, out, key_pointer = pointers
    rows, length, draw = numbers
    key = code.emit(I64, 1, f"load i64, ptr {key_pointer}, align 8")
    count = rows * length
    _sweep(code, count, lambda place: place.store(out, call(
        "log_standard_gamma", F64, place.load(alpha), key, draw, place.elements())))  # fmt: skip

    def lower(r: Value) -> None:
        """Takes the row's greatest logarithm off."""
        first = r * length

        def greater(i: Value, peak: Value) -> Value:
            value = _load(code, out, first + i)
            return (value > peak).where(value, peak)

        peak = _accumulated(length, code.constant(F64, -math.inf), greater)
        _each(code, length, lambda i: _store(code, out, first + i, _load(code, out, first + i) - peak))

    def scale(r: Value) -> None:
        first = r * length
        total = _accumulated(length, code.constant(F64, 0.0), lambda i, total: total + _load(code, out, first + i))
        _each(code, length, lambda i: _store(code, out, first + i, _load(code, out, first + i) / total))

    _each(code, rows, lower)
    _sweep(code, count, lambda place: place.store(out, exp(place.load(out))))
    _each(code, rows, scale)


def _categorical(code: Code, pointers: Sequence[str], numbers: Sequence[Value]) -> None:
    """For each row of weights several categories: the last one with a weight that starts below a part of the total."""
    weights, out, key_pointer = pointers
    rows, length, samples, draw = numbers
    key = code.emit(I64, 1, f"load i64, ptr {key_pointer}, align 8")

    def one(r: Value, total: Value, j: Value) -> None:
        place = r * samples + j
        level = Stream(key, draw, place).uniforms(code.constant(I64, 0))[0] * total

        def step(i: Value, below: Value, chosen: Value) -> tuple[Value, tuple[Value, ...]]:
            weight = _load(code, weights, r * length + i)
            chosen = ((weight > 0.0) & (below <= level)).where(i, chosen)
            return i + 1 < length, (i + 1, below + weight, chosen)

        chosen = repeat((length.like(0), level.like(0.0), length.like(0)), step)[2]
        _store(code, out, place, chosen.to(F64))

    def row(r: Value) -> None:
        total = _accumulated(length, code.constant(F64, 0.0), lambda i, t: t + _load(code, weights, r * length + i))
        _each(code, samples, lambda j: one(r, total, j))

    _each(code, rows, row)


ARRAYS = {
    "standard_gamma": _sampler("standard_gamma", standard_gamma, 1),
    "poisson": _sampler("poisson", poisson, 1),
    "binomial": _sampler("binomial", binomial, 2),
    "von_mises": _sampler("von_mises", von_mises, 2),
    "dirichlet": Array(1, 2, True, _define_dirichlet, _dirichlet),
    "categorical": Array(1, 3, True, lambda module: None, _categorical),
    "standard_gamma_grad": _pure("standard_gamma_grad", standard_gamma_grad, 2),
    "dirichlet_grad": _pure("dirichlet_grad", dirichlet_grad, 3),
}


def define_array(module: Module, name: str) -> str:
    """Puts a function of the table into a module, unless it is there.

    Args:
        module: where.
        name: its row of the table.

    Returns:
        Its name in LLVM's text.
    """
    array, full = ARRAYS[name], f"{name}.array"
    if full in module.defined:
        return full
    array.define(module)
    code = Code(module, STRICT)
    pointers = [f"%x{i}" for i in range(array.operands)] + ["%out", *(["%key"] if array.is_random else [])]
    numbers = [Value(code, I64, f"%n{i}") for i in range(array.numbers + array.is_random)]
    array.body(code, pointers, numbers)
    parameters = ", ".join([*(f"ptr {p}" for p in pointers), *(n.typed() for n in numbers)])
    text = "\n".join(code.lines)
    module.defined[full] = f"define void @{full}({parameters}) noinline nounwind {{\nentry:\n{text}\nret void\n}}"
    return full


@cache
def _compiled(name: str) -> Native:
    module = Module(LIBRARY)
    full = define_array(module, name)
    return compile_text(module.text(), full)


def run_array(name: str, operands: Sequence[Tensor], size: Sequence[int], numbers: Sequence[int],
              key: Tensor | None = None) -> Tensor:  # fmt: skip
    """Calls a function of the table by itself.

    Args:
        name: its row of the table.
        operands: CPU tensors, taken in row-major order.
        size: the result's shape.
        numbers: as the table says, and for samplers the number of the draw.
        key: for samplers, the step's key.

    Returns:
        The result, in double precision.
    """
    out = torch.empty(tuple(size), dtype=torch.float64)
    if out.numel():
        arrays = [*(x.detach().to(torch.float64).contiguous() for x in operands), out]
        if key is not None:
            arrays.append(key)
        _compiled(name).call(len(arrays), [x.data_ptr() for x in arrays], list(numbers))
    return out
