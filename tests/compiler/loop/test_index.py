"""Positions as expressions: what they say equals what torch's strides and reshapes say."""

import itertools
import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from pyro.compiler.loop.index import Index, Quotient, Remainder, Symbol, Var, ravel, reshape, unravel


def value(index: Index, at: dict[Var, int]) -> int:
    """An index's number at given loop variables."""

    def of(symbol: Symbol) -> int:
        if isinstance(symbol, Var):
            return at[symbol]
        assert isinstance(symbol, Quotient | Remainder)
        inner = value(symbol.index, at)
        return inner // symbol.divisor if isinstance(symbol, Quotient) else inner % symbol.divisor

    return index.const + sum(of(symbol) * coefficient for symbol, coefficient in index.terms)


def places(shape: tuple[int, ...]) -> tuple[list[Var], list[dict[Var, int]]]:
    variables = [Var(f"k{i}", n) for i, n in enumerate(shape)]
    everywhere = itertools.product(*(range(n) for n in shape))
    return variables, [dict(zip(variables, place, strict=True)) for place in everywhere]


shapes = st.lists(st.sampled_from([1, 2, 3, 4, 6]), max_size=4).map(tuple)


@given(shapes, st.data())
def test_reshape_equals_torchs(shape: tuple[int, ...], data: st.DataObject) -> None:
    factors = [p for n in shape for p in {1: [], 2: [2], 3: [3], 4: [2, 2], 6: [2, 3]}[n]]
    old: list[int] = []
    for factor in data.draw(st.permutations(factors)):
        if old and data.draw(st.booleans()):
            old[-1] *= factor
        else:
            old.append(factor)
    variables, everywhere = places(shape)
    moved = reshape([Index.of(v) for v in variables], shape, old)
    numbers = torch.arange(math.prod(shape)).reshape(old)
    expected = numbers.reshape(shape).flatten().tolist()
    got = [int(numbers[tuple(value(i, at) for i in moved)]) for at in everywhere]
    assert got == expected


def test_reshape_and_back_is_affine_again() -> None:
    k = Var("k0", 60)
    inside = reshape([Index.of(k)], (60,), (3, 4, 5))
    assert ravel(inside, (20, 5, 1)) == Index.of(k)
    assert not ravel(inside, (1, 3, 12)).is_affine()


def test_unravel_takes_known_parts_apart() -> None:
    row, column = Var("k0", 7), Var("k1", 5)
    address = Index.of(row) * 5 + Index.of(column)
    assert unravel(address, (7, 5)) == [Index.of(row), Index.of(column)]


def test_arithmetic_drops_what_vanishes() -> None:
    i = Index.of(Var("k0", 4))
    assert i + i * -1 == Index()
    assert (i * 3 + 2).bounds() == (2, 11)
    assert Index.of(Quotient(i, 2)).bounds() is None
    assert Index.of(Remainder(i, 3)).variables() == {Var("k0", 4)}
