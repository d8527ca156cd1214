"""Element types of the loop program: how each torch dtype lies in memory and in registers."""

import math
import struct
from dataclasses import dataclass

import torch

from pyro.compiler.errors import Unsupported

__all__ = ["BOOL", "F32", "F64", "I32", "I64", "Number", "ScalarType", "bit_pattern", "scalar_type"]

Number = bool | int | float


@dataclass(frozen=True)
class ScalarType:
    """One element type.

    Attributes:
        dtype: torch's name for it.
        register: LLVM's type of a value.
        memory: LLVM's type of an element in memory; differs for booleans alone.
        suffix: of overloaded LLVM intrinsics.
        size: bytes an element.
        kind: ``"float"``, ``"int"`` or ``"bool"``.
        signed: whether integers carry a sign.
    """

    dtype: torch.dtype
    register: str
    memory: str
    suffix: str
    size: int
    kind: str
    signed: bool = True

    @property
    def is_float(self) -> bool:
        """Whether it is a floating-point type."""
        return self.kind == "float"

    def vector(self, lanes: int) -> str:
        """LLVM's type of ``lanes`` values; of the plain value for one lane."""
        return self.register if lanes == 1 else f"<{lanes} x {self.register}>"

    def memory_vector(self, lanes: int) -> str:
        """LLVM's type of ``lanes`` elements in memory."""
        return self.memory if lanes == 1 else f"<{lanes} x {self.memory}>"

    def overload(self, lanes: int) -> str:
        """How LLVM names an intrinsic of this type, ``f32`` or ``v8f32``."""
        return self.suffix if lanes == 1 else f"v{lanes}{self.suffix}"

    def literal(self, number: Number) -> str:
        """A number as an LLVM constant of this type, converted as torch converts it."""
        if self.kind == "bool":
            return "true" if number else "false"
        if self.kind == "int":
            return str(int(number))
        value = float(number)
        if self.size == 4 and math.isfinite(value):
            value = torch.tensor(value, dtype=torch.float32).item()  # rounds, and overflows to infinity
        return f"0x{bit_pattern(value):016X}"


def bit_pattern(number: float) -> int:
    """The 64 bits of a double."""
    bits: int = struct.unpack("<Q", struct.pack("<d", number))[0]
    return bits


F32 = ScalarType(torch.float32, "float", "float", "f32", 4, "float")
F64 = ScalarType(torch.float64, "double", "double", "f64", 8, "float")
I64 = ScalarType(torch.int64, "i64", "i64", "i64", 8, "int")
I32 = ScalarType(torch.int32, "i32", "i32", "i32", 4, "int")
BOOL = ScalarType(torch.bool, "i1", "i8", "i1", 1, "bool")

_TYPES = {
    kind.dtype: kind
    for kind in (
        F32,
        F64,
        I64,
        I32,
        BOOL,
        ScalarType(torch.int16, "i16", "i16", "i16", 2, "int"),
        ScalarType(torch.int8, "i8", "i8", "i8", 1, "int"),
        ScalarType(torch.uint8, "i8", "i8", "i8", 1, "int", signed=False),
    )
}


def scalar_type(dtype: torch.dtype, what: str = "a tensor") -> ScalarType:
    """The element type of a torch dtype.

    Args:
        dtype: a torch dtype.
        what: whose it is, for the error.

    Raises:
        Unsupported: for half precision, complex and quantised types.
    """
    if dtype not in _TYPES:
        raise Unsupported(f"{what} has dtype {dtype}; the loop program knows {', '.join(map(str, _TYPES))}")
    return _TYPES[dtype]
