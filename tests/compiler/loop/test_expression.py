"""Tensors by their elements."""

import pytest

from pyro.compiler.loop.code import FAST, Code, Module
from pyro.compiler.loop.expression import (
    Constant,
    Iota,
    Stored,
    broadcast,
    contiguous_strides,
    permuted,
    reshaped,
)
from pyro.compiler.loop.index import Index, Var
from pyro.compiler.loop.scalar import F32, I64
from pyro.compiler.loop.scope import Binding, Buffer, Scope

ROW, COLUMN = Var("k0", 4), Var("k1", 6)
SOURCE = Stored((4, 6), F32, 0, True, Buffer("%b", F32, 24), (6, 1))


def address(expression: object, *position: Index) -> Index:
    """What an element's computation reads."""
    scope = Scope(Code(Module({}), FAST), {ROW: Binding("%i"), COLUMN: Binding("%j")})
    scope.element(expression, position)  # type: ignore[arg-type]
    ((_, where),) = [(access.buffer, access.address) for access in scope.reads]
    return where


def test_views_only_move_positions() -> None:
    i, j = Index.of(ROW), Index.of(COLUMN)
    assert address(SOURCE, i, j) == i * 6 + j
    assert address(permuted(SOURCE, [1, 0]), j, i) == i * 6 + j
    assert address(reshaped(permuted(SOURCE, [1, 0]), (6, 4)), j, i) == i * 6 + j
    assert address(reshaped(SOURCE, (24,)), i * 6 + j) == i * 6 + j
    assert address(broadcast(reshaped(SOURCE, (4, 1, 6)), (4, 9, 6)), i, j, j) == i * 6 + j


def test_numbers_stay_numbers() -> None:
    constant = broadcast(Constant((), F32, 0, True, 2.0), (3, 4))
    assert isinstance(constant, Constant)
    assert constant.shape == (3, 4)
    scope = Scope(Code(Module({}), FAST), {ROW: Binding(None, 3)})
    assert Iota((4,), I64, 1, True, 5, 2).compute(scope, (Index.of(ROW),)).kind == I64


@pytest.mark.parametrize(
    ("shape", "strides"), [((), ()), ((3,), (1,)), ((2, 3, 4), (12, 4, 1)), ((2, 1, 4), (4, 4, 1))]
)
def test_contiguous_strides(shape: tuple[int, ...], strides: tuple[int, ...]) -> None:
    assert contiguous_strides(shape) == strides


def test_elements_are_computed_once() -> None:
    scope = Scope(Code(Module({}), FAST), {ROW: Binding("%i"), COLUMN: Binding("%j")})
    where = (Index.of(ROW), Index.of(COLUMN))
    assert scope.element(SOURCE, where) is scope.element(SOURCE, where)
