"""Branches and loops compute what Python's do."""

import math

import pytest
import torch
from torch import Tensor

from pyro.compiler.loop.blocks import branch, call, define, repeat
from pyro.compiler.loop.code import STRICT, Code, Module, Value
from pyro.compiler.loop.native import compile_text
from pyro.compiler.loop.scalar import F64
from pyro.compiler.loop.vector_math import LIBRARY


def evaluated(formula, *numbers: float) -> float:
    """A formula of doubles, compiled."""
    module = Module(LIBRARY)
    define(module, "formula", [F64] * len(numbers), formula)
    code = Code(module, STRICT)
    values = [code.emit(F64, 1, f"load double, ptr %x{i}") for i in range(len(numbers))]
    result = call("formula", F64, *values)
    body = "\n".join([*code.lines, f"store {result.typed()}, ptr %out", "ret void"])
    parameters = ", ".join([*(f"ptr %x{i}" for i in range(len(numbers))), "ptr %out"])
    native = compile_text(f"{module.text()}\ndefine void @run({parameters}) {{\nentry:\n{body}\n}}\n", "run")
    tensors: list[Tensor] = [torch.tensor(x, dtype=torch.float64) for x in (*numbers, 0.0)]
    native.call(len(tensors), [t.data_ptr() for t in tensors], [])
    return tensors[-1].item()


@pytest.mark.parametrize("x", [-2.0, 0.0, 3.0, math.inf])
def test_branch(x):
    def absolute(v: Value) -> Value:
        return branch(v < 0.0, lambda: (-v, v), lambda: (v, v))[0]

    assert evaluated(absolute, x) == abs(x)


def test_a_branch_in_a_branch_joins_where_the_inner_one_ends():
    def formula(v: Value) -> Value:
        return branch(v > 0.0, lambda: branch(v > 1.0, lambda: (v * 10.0,), lambda: (v * 100.0,)), lambda: (v,))[0]

    assert [evaluated(formula, x) for x in (-1.0, 0.5, 2.0)] == [-1.0, 50.0, 20.0]


@pytest.mark.parametrize("n", [1.0, 2.0, 10.0])
def test_repeat(n):
    def factorial(v: Value) -> Value:
        start = (v.like(1.0), v.like(1.0))
        return repeat(start, lambda k, product: (k < v, (k + 1.0, product * k)))[1]

    assert evaluated(factorial, n) == math.factorial(int(n))


def test_a_branch_in_a_loop():
    def collatz_steps(v: Value) -> Value:
        def body(x: Value, steps: Value):
            half = x * 0.5
            (then,) = branch(half.call("floor").equals(half), lambda: (half,), lambda: (3.0 * x + 1.0,))
            return then > 1.0, (then, steps + 1.0)

        return repeat((v, v.like(0.0)), body)[1]

    assert evaluated(collatz_steps, 27.0) == 111.0


def by_lanes(formula, *numbers: float) -> list[float]:
    """A formula of one vector, compiled."""
    module, lanes = Module(LIBRARY), len(numbers)
    define(module, "formula", [F64], formula, [lanes])
    code = Code(module, STRICT)
    result = call("formula", F64, code.emit(F64, lanes, f"load {F64.vector(lanes)}, ptr %x, align 8"))
    body = "\n".join([*code.lines, f"store {result.typed()}, ptr %x, align 8", "ret void"])
    native = compile_text(f"{module.text()}\ndefine void @run(ptr %x) {{\nentry:\n{body}\n}}\n", "run")
    tensor = torch.tensor(numbers, dtype=torch.float64)
    native.call(1, [tensor.data_ptr()], [])
    return tensor.tolist()


LANES = [[3.0, 27.0, 1.0, 6.0], [1.0, 1.0], [27.0], [2.0, 4.0, 8.0, 16.0, 5.0, 1.0, 97.0, 871.0]]


@pytest.mark.parametrize("numbers", LANES)
def test_each_lane_goes_its_own_way(numbers):
    def collatz_steps(v: Value) -> Value:
        def body(x: Value, steps: Value):
            half = x * 0.5
            (then,) = branch(half.call("floor").equals(half), lambda: (half,), lambda: (3.0 * x + 1.0,))
            return then > 1.0, (then, steps + 1.0)

        return branch(v > 1.0, lambda: repeat((v, v.like(0.0)), body)[1:], lambda: (v.like(0.0),))[0]

    def python(x: float) -> float:
        return 0.0 if x <= 1.0 else 1.0 + python(x / 2 if x % 2 == 0 else 3 * x + 1)

    assert by_lanes(collatz_steps, *numbers) == [python(x) for x in numbers]


def test_a_function_is_defined_once():
    module = Module(LIBRARY)
    define(module, "same", [F64], lambda v: v)
    text = module.text()
    define(module, "same", [F64], lambda v: v + 1.0)
    assert module.text() == text
