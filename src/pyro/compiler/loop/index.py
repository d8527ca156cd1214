"""Positions inside a tensor as integer expressions of loop variables.

An :class:`Index` is ``const + sum(coefficient * symbol)``. Symbols are loop variables, quotients and remainders (from
reshapes), and run-time values (from gathers). Addresses stay affine through views, so the coefficient of the variable
that runs along the vector lanes tells a contiguous load from a splat and from a gather.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pyro.compiler.loop.code import Value

__all__ = ["Index", "Quotient", "Remainder", "RuntimeValue", "Symbol", "Var", "ravel", "reshape", "unravel"]


class Var(NamedTuple):
    """A loop variable.

    Attributes:
        name: unique inside a kernel: ``k0`` for a kept dim, ``r0`` for a reduced one.
        extent: it runs over ``range(extent)``.
    """

    name: str
    extent: int


@dataclass(frozen=True)
class Quotient:
    """``index // divisor``."""

    index: "Index"
    divisor: int


@dataclass(frozen=True)
class Remainder:
    """``index % divisor``."""

    index: "Index"
    divisor: int


@dataclass(frozen=True, eq=False)
class RuntimeValue:
    """A position read from a tensor, already inside its bounds.

    Attributes:
        value: an i64 value, one or one a lane.
    """

    value: Value


Symbol = Var | Quotient | Remainder | RuntimeValue


@dataclass(frozen=True)
class Index:
    """``const + sum(coefficient * symbol)`` over distinct symbols with nonzero coefficients."""

    const: int = 0
    terms: frozenset[tuple[Symbol, int]] = frozenset()

    @classmethod
    def of(cls, symbol: Symbol) -> "Index":
        """The position that a symbol stands for."""
        return cls(0, frozenset([(symbol, 1)]))

    def __add__(self, other: "Index | int") -> "Index":
        if isinstance(other, int):
            return Index(self.const + other, self.terms)
        sums = dict(self.terms)
        for symbol, coefficient in other.terms:
            sums[symbol] = sums.get(symbol, 0) + coefficient
        return Index(self.const + other.const, frozenset((s, c) for s, c in sums.items() if c))

    def __mul__(self, factor: int) -> "Index":
        return Index(self.const * factor, frozenset((s, c * factor) for s, c in self.terms if factor))

    def coefficient(self, symbol: Symbol) -> int:
        """How fast it moves with a symbol."""
        return dict(self.terms).get(symbol, 0)

    def ordered(self) -> list[tuple[Symbol, int]]:
        """The terms in an order that does not change from process to process."""
        return sorted(self.terms, key=lambda term: (term[1], _key(term[0])))

    def variables(self) -> set[Var]:
        """The loop variables that it depends on, run-time values aside."""
        found: set[Var] = set()
        for symbol, _ in self.terms:
            if isinstance(symbol, Var):
                found.add(symbol)
            elif isinstance(symbol, Quotient | Remainder):
                found |= symbol.index.variables()
        return found

    def is_affine(self) -> bool:
        """Whether its symbols are loop variables only."""
        return all(isinstance(symbol, Var) for symbol, _ in self.terms)

    def bounds(self) -> tuple[int, int] | None:
        """The least and the greatest position of an affine index; None for others."""
        low = high = self.const
        for symbol, coefficient in self.terms:
            if not isinstance(symbol, Var):
                return None
            reach = coefficient * (symbol.extent - 1)
            low, high = low + min(reach, 0), high + max(reach, 0)
        return low, high

    def simplified(self) -> "Index":
        """Itself with ``c * d * (i // d) + c * (i % d)`` put back together as ``c * i``."""
        terms = dict(self.terms)
        for symbol, coefficient in self.terms:
            if not isinstance(symbol, Remainder):
                continue
            quotient = Quotient(symbol.index, symbol.divisor)
            if terms.get(quotient) == coefficient * symbol.divisor:
                rest = frozenset((s, c) for s, c in self.terms if s not in (symbol, quotient))
                return (Index(self.const, rest) + symbol.index * coefficient).simplified()
        return self


def _key(symbol: Symbol) -> str:
    if isinstance(symbol, Var):
        return symbol.name
    if isinstance(symbol, RuntimeValue):
        return symbol.value.name
    inner = "+".join(f"{c}{_key(s)}" for s, c in symbol.index.ordered())
    return f"{type(symbol).__name__}({inner}+{symbol.index.const},{symbol.divisor})"


def ravel(position: Sequence[Index], strides: Iterable[int]) -> Index:
    """The address of a position: ``sum(stride * index)``."""
    address = Index()
    for index, stride in zip(position, strides, strict=True):
        address = address + index * stride
    return address.simplified()


def unravel(address: Index, shape: Sequence[int]) -> list[Index]:
    """The position of an address in a contiguous tensor."""
    position: list[Index] = []
    for extent in reversed(shape[1:]):
        bounds = address.bounds()
        if bounds is not None and bounds[0] >= 0 and bounds[1] < extent:
            position.append(address)
            address = Index()
            continue
        whole, part = _divide(address, extent)
        position.append(part)
        address = whole
    if shape:
        position.append(address)
    return position[::-1]


def _divide(index: Index, divisor: int) -> tuple[Index, Index]:
    """Quotient and remainder; the terms that the divisor divides leave whole where the rest stays below it."""
    whole = Index(index.const // divisor, frozenset((s, c // divisor) for s, c in index.terms if c % divisor == 0))
    part = Index(index.const % divisor, frozenset((s, c) for s, c in index.terms if c % divisor))
    bounds = part.bounds()
    if bounds is not None and bounds[0] >= 0 and bounds[1] < divisor:
        return whole, part
    return Index.of(Quotient(index, divisor)), Index.of(Remainder(index, divisor))


def reshape(position: Sequence[Index], shape: Sequence[int], source: Sequence[int]) -> list[Index]:
    """Where an element of a reshaped tensor lies in the tensor that was reshaped.

    Args:
        position: of the element in the new shape.
        shape: the new shape.
        source: the old shape, with as many elements.
    """
    result: list[Index] = []
    new = [(i, n) for i, n in zip(position, shape, strict=True) if n != 1]
    old = [n for n in source if n != 1]
    while old:
        group, below = [old.pop(0)], [new.pop(0)]
        while (have := _product(group)) != (want := _product(n for _, n in below)):
            if have < want:
                group.append(old.pop(0))
            else:
                below.append(new.pop(0))
        result += unravel(_ravel_group(below), group)
    kept = iter(result)
    return [Index() if n == 1 else next(kept) for n in source]


def _ravel_group(group: Sequence[tuple[Index, int]]) -> Index:
    address = Index()
    for index, extent in group:
        address = address * extent + index
    return address.simplified()


def _product(numbers: Iterable[int]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result
