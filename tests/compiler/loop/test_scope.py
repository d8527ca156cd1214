"""How elements come from memory."""

import pytest

from pyro.compiler.loop.code import FAST, Code, Module
from pyro.compiler.loop.index import Index, Quotient, Var
from pyro.compiler.loop.scalar import BOOL, F32
from pyro.compiler.loop.scope import Binding, Buffer, Scope

LANE = Var("k0", 64)
ROW = Var("k1", 64)


def scope(active: int = 8) -> Scope:
    return Scope(Code(Module({}), FAST), {LANE: Binding("%i"), ROW: Binding("%j")}, LANE, 8, active)


@pytest.mark.parametrize(
    ("address", "lanes", "loads"),
    [
        pytest.param(Index.of(LANE), 8, ["load <8 x float>"], id="run"),
        pytest.param(Index.of(ROW) * 7 + 3, 1, ["load float"], id="splat"),
        pytest.param(Index.of(LANE) * 2, 8, ["load float"] * 8, id="strided"),
        pytest.param(Index.of(Quotient(Index.of(LANE), 3)), 8, ["load float"] * 8, id="quotient"),
    ],
)
def test_loads_follow_the_lanes(address: Index, lanes: int, loads: list[str]) -> None:
    where = scope()
    value = where.load(Buffer("%b", F32, 1000), address)
    assert value.lanes == lanes
    assert [line.split(" = ")[1].split(",")[0] for line in where.code.lines if " = load" in line] == loads


def test_lanes_beyond_the_end_are_not_read() -> None:
    where = scope(active=3)
    where.load(Buffer("%b", F32, 3), Index.of(LANE))
    assert "llvm.masked.load.v8f32" in where.code.lines[-1]
    where.load(Buffer("%b", F32, 3), Index.of(LANE) * 2)
    assert sum(" = load float" in line for line in where.code.lines) == 3


def test_padding_may_be_read() -> None:
    where = scope(active=3)
    where.load(Buffer("%b", F32, 32, padded=True), Index.of(LANE))
    assert " = load <8 x float>" in where.code.lines[-1]


def test_what_was_stored_is_not_read_again() -> None:
    where, buffer = scope(), Buffer("%b", BOOL, 100)
    value = where.load(Buffer("%a", BOOL, 100), Index.of(LANE))
    where.store(buffer, Index.of(LANE), value)
    assert where.load(buffer, Index.of(LANE)) is value
    assert len(where.reads) == 1


def test_numbers_of_variables_are_noted() -> None:
    where = scope()
    assert where.number(Index.of(LANE) + 1).lanes == 8
    assert where.opaque == {LANE}
