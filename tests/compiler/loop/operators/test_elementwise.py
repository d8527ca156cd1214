"""Elementwise rows of the operator table against ATen: special values, promotion, any shapes and strides."""

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.compiler.loop.steps import agree, agree_all, sample

FLOATS = [torch.float32, torch.float64]
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    1e-30,
    -1e-30,
    1e-3,
    20.0,
    -20.0,
    88.0,
    89.5,
    -104.5,
    math.inf,
    -math.inf,
    math.nan,
]

UNARY: dict[str, Callable[[Tensor], Tensor]] = {
    **{
        name: getattr(torch, name)
        for name in (
            "neg",
            "abs",
            "sign",
            "exp",
            "expm1",
            "log",
            "log2",
            "log10",
            "log1p",
            "sqrt",
            "rsqrt",
            "sigmoid",
            "tanh",
            "floor",
            "ceil",
            "trunc",
            "round",
            "sin",
            "cos",
            "tan",
            "asin",
            "acos",
            "atan",
            "sinh",
            "cosh",
            "asinh",
            "acosh",
            "atanh",
            "erf",
            "erfc",
            "relu",
            "reciprocal",
            "isnan",
            "isinf",
            "isfinite",
            "logical_not",
            "square",
            "exp2",
            "frac",
            "signbit",
        )
    },
    "clamp": lambda x: x.clamp(-0.3, 0.9),
    "clamp below": lambda x: x.clamp(min=0.2),
    "softplus": torch.nn.functional.softplus,
    "logsigmoid": torch.nn.functional.logsigmoid,
    "gelu": torch.nn.functional.gelu,
    "nan to num": torch.nan_to_num,
    "square root by power": lambda x: x**0.5,
    "cube": lambda x: x**3,
    "inverse square": lambda x: x**-2,
    "power of two": lambda x: 2.0**x,
    "xlogy": lambda x: torch.xlogy(x, x.abs()),
    "logit": lambda x: torch.logit(x, eps=1e-6),
}


@pytest.mark.parametrize("dtype", FLOATS)
def test_unary(dtype: torch.dtype) -> None:
    x = torch.cat([torch.tensor(SPECIAL, dtype=dtype), sample((15,), dtype)])
    agree_all(UNARY, x)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["lgamma", "digamma", "erfinv"])
def test_special_functions(name: str, dtype: torch.dtype) -> None:
    x = torch.tensor([0.1, 0.5, 1.0, 1.46, 2.0, 3.7, 9.9, 10.1, 50.0, 1e4, -0.3, -1.7, math.nan], dtype=dtype)
    if name == "erfinv":
        x = torch.tensor([0.999, 0.1, 0.5, -0.2, 0.0, 1.0, -1.0, 1e-4, -0.9], dtype=dtype)
    agree(getattr(torch, name), x, tolerance=2e-6 if dtype is torch.float32 else 1e-12)


BINARY: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    **{
        name: getattr(torch, name)
        for name in (
            "add",
            "sub",
            "mul",
            "div",
            "maximum",
            "minimum",
            "eq",
            "ne",
            "lt",
            "le",
            "gt",
            "ge",
            "logical_and",
            "logical_or",
            "logical_xor",
            "fmod",
            "remainder",
            "floor_divide",
        )
    },
    "add scaled": lambda a, b: torch.add(a, b, alpha=2),
    "sub scaled": lambda a, b: torch.sub(a, b, alpha=3),
    "divide down": lambda a, b: torch.div(a, b, rounding_mode="floor"),
    "divide to zero": lambda a, b: torch.div(a, b, rounding_mode="trunc"),
    "where": lambda a, b: torch.where(a > 0, a, b),
    "masked fill": lambda a, b: a.masked_fill(b > 0, 2),
    "number first": lambda a, b: 2 - a + b,
}
KINDS = [torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool]


def defined(function: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> bool:
    """Whether ATen has an operation for these types; it subtracts no booleans, for instance."""
    try:
        function(a, b)
    except (RuntimeError, NotImplementedError):
        return False
    return True


@pytest.mark.parametrize("right", KINDS)
@pytest.mark.parametrize("left", KINDS)
def test_binary_and_promotion(left: torch.dtype, right: torch.dtype) -> None:
    a, b = sample((2, 11), left), sample((11,), right, seed=1)
    b = torch.where(b == 0, torch.ones_like(b), b)
    agree_all({name: function for name, function in BINARY.items() if defined(function, a, b)}, a, b)


@pytest.mark.parametrize("dtype", [torch.int64, torch.int32, torch.uint8, torch.bool])
@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor"])
def test_bitwise(name: str, dtype: torch.dtype) -> None:
    agree(getattr(torch, name), sample((11,), dtype), sample((11,), dtype, seed=1))
    agree(torch.bitwise_not, sample((11,), dtype))


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 5, 8, -1, -2])
def test_whole_powers_of_constants(exponent: int) -> None:
    agree(lambda x: x.pow(exponent) + torch.full((), 3.0).pow(exponent) * torch.ones_like(x), torch.tensor([1.5, -0.5]))


@pytest.mark.parametrize("dtype", FLOATS)
def test_power_and_angle(dtype: torch.dtype) -> None:
    a, b = sample((21,), dtype), sample((21,), dtype, seed=1)
    agree(torch.pow, a.abs(), b)
    agree_all({"atan2": torch.atan2, "hypot": torch.hypot, "nextafter": torch.nextafter}, a, b)
    agree(torch.pow, a, torch.tensor([2.0, 3.0, -1.0] * 7, dtype=dtype))


@pytest.mark.parametrize("number", [3.0, 1e-30, 0.0, -0.0, float("inf"), float("nan")])
def test_quotients_by_a_number_in_double_precision(number: float) -> None:
    divisor = torch.tensor(number, dtype=torch.float64)
    agree(lambda x, d: (x / d, (x * 0) / d), sample((33,)), divisor)


def test_promotion_of_scalars() -> None:
    integers, small = sample((9,), torch.int64), sample((9,), torch.float32)
    wide = torch.tensor(1.5, dtype=torch.float64)
    agree(
        lambda a, b, c: (a + b, a * 2.5, b * c, a / 3, c + a, b > c, a == 2.0, a.to(torch.float64) + 1),
        integers,
        small,
        wide,
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=3), st.data())
def test_elementwise_with_any_shapes_and_strides(shape: list[int], data: st.DataObject) -> None:
    def tensor(seed: int) -> Tensor:
        extents = [data.draw(st.sampled_from([1, n])) for n in shape]
        order = data.draw(st.permutations(range(len(shape))))
        steps = [data.draw(st.integers(1, 2)) for _ in shape]
        whole = sample(tuple(extents[d] * steps[d] for d in order), torch.float64, seed)
        back = whole.permute([order.index(d) for d in range(len(shape))])
        return back[tuple(slice(None, None, s) for s in steps)]

    agree(lambda a, b: (a * b + a.exp(), (a - b).sum(0), (a * b).sum(), (a + b).sum(-1)), tensor(0), tensor(1))
