"""Element types."""

import math

import pytest
import torch

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop.scalar import BOOL, F32, F64, I64, bit_pattern, scalar_type


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool])
def test_sizes_are_torchs(dtype: torch.dtype) -> None:
    kind = scalar_type(dtype)
    assert (kind.dtype, kind.size, kind.is_float) == (dtype, dtype.itemsize, dtype.is_floating_point)


def test_literals() -> None:
    assert F64.literal(1) == "0x3FF0000000000000"
    assert F32.literal(0.1) == f"0x{bit_pattern(torch.tensor(0.1).item()):016X}"
    assert F32.literal(1e300) == F32.literal(math.inf)
    assert (I64.literal(-3.7), BOOL.literal(2)) == ("-3", "true")


def test_vectors() -> None:
    assert (F32.vector(8), F32.vector(1), BOOL.memory_vector(4)) == ("<8 x float>", "float", "<4 x i8>")


def test_unknown_types_are_refused() -> None:
    with pytest.raises(Unsupported, match="input 'x' has dtype torch.complex64"):
        scalar_type(torch.complex64, "input 'x'")
