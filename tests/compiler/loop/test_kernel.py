"""Loop nests that fill buffers."""

import re

import pytest

from pyro.compiler.loop.code import FAST, Code, Module
from pyro.compiler.loop.expression import Expression, Pointwise, Stored
from pyro.compiler.loop.kernel import MapKernel, variables_of
from pyro.compiler.loop.nest import Range
from pyro.compiler.loop.scalar import F32, F64
from pyro.compiler.loop.scope import Buffer


def doubled(source: Expression) -> Pointwise:
    return Pointwise(source.shape, source.kind, 1, False, (source,), lambda x: x * 2.0)


def kernel(shape: tuple[int, ...], buffer: str = "%b", source: str = "%a") -> MapKernel:
    numel = 1
    strides: list[int] = []
    for extent in reversed(shape):
        strides.insert(0, numel)
        numel *= extent
    stored = Stored(shape, F32, 0, False, Buffer(source, F32, numel), tuple(strides))
    return MapKernel.into(Module({}), FAST, doubled(stored), Buffer(buffer, F32, numel))


def text(kernel: MapKernel, **ranges: Range) -> list[str]:
    code = Code(Module({}), FAST)
    kernel.write(code, {var: ranges[var.name] for var in kernel.kept if var.name in ranges})
    return code.lines


def test_small_shapes_are_written_in_a_row() -> None:
    lines = text(kernel((3, 8)))
    assert not any("phi" in line for line in lines)
    assert sum("load <8 x float>" in line for line in lines) == 3


def test_contiguous_dims_are_one_loop() -> None:
    lines = text(kernel((100, 50)))
    assert sum("phi" in line for line in lines) == 1
    assert any("icmp slt i64" in line and line.endswith("5000") for line in lines)


def test_strips_run_over_their_rows() -> None:
    lines = text(kernel((100, 50)), k0=Range("%row", 20))
    assert any("mul nsw i64 %row, 50" in line for line in lines)
    assert any("icmp slt i64" in line and line.endswith("1000") for line in lines)


def test_loads_and_width_are_known_before_writing() -> None:
    one = kernel((100, 50))
    assert [access.buffer.name for access in one.reads] == ["%a"]
    assert one.width() == 8
    wide = Stored((4,), F64, 0, False, Buffer("%a", F64, 4), (1,))
    assert MapKernel.into(Module({}), FAST, doubled(wide), Buffer("%b", F64, 4)).width() == 4


def test_a_wide_number_that_all_lanes_share_makes_them_no_fewer() -> None:
    narrow = Stored((100,), F32, 0, False, Buffer("%a", F32, 100), (1,))
    number = Stored((100,), F64, 0, False, Buffer("%rate", F64, 1), (0,))
    scaled = Pointwise((100,), F32, 1, False, (narrow, number), lambda x, rate: x * rate.to(F32))
    kernel = MapKernel.into(Module({}), FAST, scaled, Buffer("%b", F32, 100))
    assert kernel.width() == 8
    assert any("load double" in line for line in text(kernel))



def test_variables() -> None:
    assert [(v.name, v.extent) for v in variables_of((2, 3), "r")] == [("r0", 2), ("r1", 3)]


@pytest.mark.parametrize("shapes", [((5,), (800,)), ((3, 2, 4), (90, 2, 4)), ((65, 50), (7, 50))])
def test_loose_kernels_of_other_extents_differ_in_numbers_only(shapes: tuple[tuple[int, ...], ...]) -> None:
    forms = []
    for shape in shapes:
        one = kernel(shape)
        one.loose = frozenset(one.kept[:1])
        forms.append(re.sub(r"(?<![%\w.])-?\d+", "N", "\n".join(text(one))))
    assert forms[0] == forms[1]
