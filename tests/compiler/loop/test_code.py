"""Text of instructions."""

import pytest
import torch

from pyro.compiler.loop.code import FAST, STRICT, Code, Module, Value
from pyro.compiler.loop.scalar import BOOL, F32, F64, I64, scalar_type


def body(flags: str = FAST) -> Code:
    return Code(Module({"double": lambda x: x + x}), flags)


@pytest.mark.parametrize(
    ("flags", "expected"), [(FAST, "fadd reassoc nsz contract float %x, %y"), (STRICT, "fadd float %x, %y")]
)
def test_flags(flags: str, expected: str) -> None:
    code = body(flags)
    result = Value(code, F32, "%x") + Value(code, F32, "%y")
    assert code.lines == [f"{result.name} = {expected}"]


def test_nan_and_infinity_stay_visible() -> None:
    assert not {"nnan", "ninf", "fast"} & set(FAST.split())


def test_one_lane_is_spread() -> None:
    code = body()
    result = Value(code, F32, "%x", 8) * 2.0
    assert result.lanes == 8
    assert "splat (float 0x4000000000000000)" in code.lines[-1]


def test_library_functions_are_defined_once() -> None:
    code = body()
    for _ in range(2):
        code.function("double", Value(code, F64, "%x", 4))
    assert list(code.module.defined) == ["double.v4f64"]
    assert "define internal <4 x double> @double.v4f64(<4 x double> %x) alwaysinline" in code.module.text()


def test_constants_convert_without_instructions() -> None:
    code = body()
    number = code.constant(I64, 3)
    assert number.to(F32).number == 3
    assert number.to(BOOL).name == "true"
    assert code.lines == []


def test_unsigned_division() -> None:
    code = body()
    kind = scalar_type(torch.uint8)
    code.binary("div", Value(code, kind, "%x"), Value(code, kind, "%y"))
    assert "udiv i8 %x, %y" in code.lines[-1]


def test_loops_nest() -> None:
    code = body()
    with code.loop(10), code.loop(3, 2):
        pass
    assert sum(line.endswith(":") for line in code.lines) == 6
    assert code.block.startswith("after")


def test_loops_may_be_empty() -> None:
    code = body()
    with code.loop(0, may_be_empty=True):
        pass
    guard, branch = code.lines[:2]
    assert guard.endswith("= icmp slt i64 0, 0")
    assert branch.startswith(f"br i1 {guard.split()[0]}, label %head")


def test_sums_with_zero_and_products_with_one_are_no_instructions() -> None:
    code = body()
    one, many = Value(code, I64, "%x"), Value(code, I64, "%y", 4)
    zero, unit = code.constant(I64, 0), code.constant(I64, 1)
    assert (one + 0, zero + one, one * 1, unit * many, many + zero) == (one, one, one, many, many)
    assert code.lines == []
    assert (zero.spread(4) + one).lanes == 4
