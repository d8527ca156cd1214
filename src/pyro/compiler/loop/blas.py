"""Calls of BLAS and LAPACK: larger products, factorisations and systems of equations.

The routines are those that torch itself has loaded, so they take its number of threads; where it shows none, SciPy's.
They have Fortran's interface: matrices column by column, arguments by address, 32-bit integers. A row-major matrix is
for them its transpose; what each function here does with that is said in its docstring.

References:
    E. Anderson et al., "LAPACK Users' Guide", 3rd edition, SIAM, 1999.
"""

import ctypes
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop.code import Code, Value
from pyro.compiler.loop.scalar import I32, ScalarType
from pyro.compiler.loop.scope import Buffer

__all__ = ["Matrix", "address", "available", "cholesky", "each_matrix", "eigen", "factor", "orthogonal", "product",
           "reflections", "solve", "solve_factored"]

_LIBRARIES = ("libtorch_cpu.so", "libtorch_cpu.dylib", "torch_cpu.dll")
_CAPSULES = ("scipy.linalg.cython_blas", "scipy.linalg.cython_lapack")
_MISSING = "no BLAS or LAPACK is loaded: neither torch nor SciPy shows the routine"


@cache
def address(routine: str) -> int | None:
    """Where a routine starts in memory, or None where nobody has it.

    Args:
        routine: its name in lower case with the letter of its precision, ``sgemm``.
    """
    for name in _LIBRARIES:
        path = Path(torch.__file__).parent / "lib" / name
        if path.exists():
            try:
                return ctypes.cast(getattr(ctypes.CDLL(str(path)), f"{routine}_"), ctypes.c_void_p).value
            except (AttributeError, OSError):
                break
    return _from_scipy(routine)


def _from_scipy(routine: str) -> int | None:
    for module in _CAPSULES:
        try:
            capsule = importlib.import_module(module).__pyx_capi__[routine]
        except (ImportError, KeyError):
            continue
        name, pointer = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
        name.argtypes, name.restype = [ctypes.py_object], ctypes.c_char_p
        pointer.argtypes, pointer.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p
        found: int | None = pointer(capsule, name(capsule))
        return found
    return None


def available(kind: ScalarType, routine: str) -> bool:
    """Whether there is a routine for an element type.

    Args:
        kind: the element type.
        routine: its name without the letter of its precision, ``gemm``.
    """
    return kind.is_float and address(_letter(kind) + routine) is not None


def _letter(kind: ScalarType) -> str:
    return "s" if kind.size == 4 else "d"


@dataclass(frozen=True)
class Matrix:
    """Matrices in memory, one or a batch of equal ones.

    Attributes:
        buffer: where.
        offset: of the first element.
        shape: batch dims, rows, columns.
        strides: one a dim, in elements.
    """

    buffer: Buffer
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def layout(self) -> tuple[bool, int] | None:
        """Whether columns lie together rather than rows, and how far neighbouring ones are apart.

        Returns:
            None where neither lie together, so that no routine takes it.
        """
        (rows, columns), (down, right) = self.shape[-2:], self.strides[-2:]
        if right == 1 or columns == 1:
            apart = down if rows > 1 else max(columns, 1)
            if apart >= columns and (right == 1 or columns == 1):
                return False, apart
        if down == 1 or rows == 1:
            apart = right if columns > 1 else max(rows, 1)
            if apart >= rows:
                return True, apart
        return None

    def start(self, code: Code, matrix: Value | None) -> str:
        """A pointer to one of the batch, given its number."""
        total: Value | None = None
        inner = 1
        for extent, stride in zip(reversed(self.shape[:-2]), reversed(self.strides[:-2]), strict=True):
            if matrix is not None and extent > 1 and stride:
                place = code.binary("rem", code.binary("div", matrix, inner), extent) * stride
                total = place if total is None else total + place
            inner *= extent
        kind, pointer = self.buffer.kind, self.buffer.name
        if total is not None:
            pointer = code.raw(f"getelementptr {kind.memory}, ptr {pointer}, {total.typed()}")
        if self.offset:
            pointer = code.raw(f"getelementptr {kind.memory}, ptr {pointer}, i64 {self.offset}")
        return pointer


def each_matrix(code: Code, lead: Sequence[int], body: Callable[[Value | None], None]) -> None:
    """Writes a body for each matrix of a batch."""
    count = 1
    for extent in lead:
        count *= extent
    if count == 1:
        body(None)
        return
    with code.loop(count) as counter:
        body(code.position(counter))


def product(code: Code, left: Matrix, right: Matrix, result: Matrix, matrix: Value | None) -> None:
    """``left @ right`` into a row-major result: column by column, its transpose is ``right' @ left'``."""
    rows, columns = result.shape[-2:]
    flags, distances = [], []
    for operand in (right, left):
        layout = operand.layout()
        assert layout is not None, "operands have rows or columns that lie together"
        flags.append("T" if layout[0] else "N")
        distances.append(layout[1])
    kind = result.buffer.kind
    _call(code, kind, "gemm", [
        _letters(code, flags[0]), _letters(code, flags[1]), columns, rows, left.shape[-1], _number(code, kind, 1.0),
        right.start(code, matrix), distances[0], left.start(code, matrix), distances[1], _number(code, kind, 0.0),
        result.start(code, matrix), columns])  # fmt: skip


def cholesky(code: Code, square: Matrix, matrix: Value | None) -> None:
    """The lower factor of a row-major matrix over its lower triangle; NaN on its diagonal where there is none.

    Column by column the lower triangle is the upper one.
    """
    n, kind = square.shape[-1], square.buffer.kind
    failed = _status(code)
    start = square.start(code, matrix)
    _call(code, kind, "potrf", [_letters(code, "U"), n, start, n, failed])
    _spoil(code, kind, failed, start, n, n + 1)


def solve(
    code: Code, triangle: Matrix, right: Matrix, matrix: Value | None, *, upper: bool, left: bool, unit: bool
) -> None:
    """The solution of a triangular system over its row-major right-hand side.

    Column by column ``a x = b`` is ``x' a' = b'`` and ``x a = b`` is ``a' x' = b'``; a row-major ``a`` is ``a'`` there.
    """
    layout = triangle.layout()
    assert layout is not None, "the triangle has rows or columns that lie together"
    turned, apart = layout
    rows, columns = right.shape[-2:]
    kind = right.buffer.kind
    _call(code, kind, "trsm", [
        _letters(code, "R" if left else "L"), _letters(code, "U" if upper == turned else "L"),
        _letters(code, "T" if turned else "N"), _letters(code, "U" if unit else "N"), columns, rows,
        _number(code, kind, 1.0), triangle.start(code, matrix), apart, right.start(code, matrix), columns])  # fmt: skip


def factor(code: Code, square: Matrix, pivots: Matrix, matrix: Value | None) -> None:
    """The triangular factors of the transpose of a row-major matrix, column by column over it, and the row swaps."""
    n = square.shape[-1]
    _call(code, square.buffer.kind, "getrf", [
        n, n, square.start(code, matrix), n, pivots.start(code, matrix), _status(code)])  # fmt: skip


def solve_factored(
    code: Code, factors: Matrix, pivots: Matrix, right: Matrix, matrix: Value | None, *, transposed: bool
) -> None:
    """``a x = b`` for each row ``b`` of a row-major matrix, over it; ``a' x = b`` where ``transposed``.

    ``factors`` are those of ``a`` column by column, as :func:`factor` leaves them.
    """
    rows, n = right.shape[-2:]
    layout = factors.layout()
    assert layout is not None and not layout[0], "the factors lie column by column"
    _call(code, right.buffer.kind, "getrs", [
        _letters(code, "T" if transposed else "N"), n, rows, factors.start(code, matrix), layout[1],
        pivots.start(code, matrix), right.start(code, matrix), n, _status(code)])  # fmt: skip


def eigen(code: Code, square: Matrix, values: Matrix, work: Matrix, places: Matrix, matrix: Value | None) -> None:
    """The eigenvalues of a symmetric matrix, from its lower triangle column by column; the vectors, one a row, over it.

    ``work`` has room for ``1 + 6 n + 2 n^2`` numbers, ``places`` for ``3 + 5 n``. Values are NaN where there are none.
    """
    n, kind = square.shape[-1], square.buffer.kind
    failed, start = _status(code), values.start(code, matrix)
    _call(code, kind, "syevd", [
        _letters(code, "V"), _letters(code, "L"), n, square.start(code, matrix), n, start, work.start(code, None),
        work.shape[-1], places.start(code, None), places.shape[-1], failed])  # fmt: skip
    _spoil(code, kind, failed, start, n, 1)


def reflections(code: Code, columns: Matrix, scales: Matrix, work: Matrix, matrix: Value | None) -> None:
    """The triangular factor of a matrix given by its columns, over it, and the reflections that lead to it below."""
    width, height = columns.shape[-2:]
    _call(code, columns.buffer.kind, "geqrf", [
        height, width, columns.start(code, matrix), height, scales.start(code, matrix), work.start(code, None),
        work.shape[-1], _status(code)])  # fmt: skip


def orthogonal(code: Code, columns: Matrix, scales: Matrix, work: Matrix, matrix: Value | None) -> None:
    """The first columns of the product of reflections, over what :func:`reflections` left."""
    height, count = columns.shape[-1], scales.shape[-1]
    _call(code, columns.buffer.kind, "orgqr", [
        height, count, count, columns.start(code, matrix), height, scales.start(code, matrix), work.start(code, None),
        work.shape[-1], _status(code)])  # fmt: skip


def _spoil(code: Code, kind: ScalarType, failed: str, start: str, count: int, apart: int) -> None:
    """Makes elements NaN where a routine reports failure."""
    bad = code.emit(I32, 1, f"load i32, ptr {failed}, align 4").differs(0)
    nan = code.constant(kind, float("nan"))
    with code.loop(count) as counter:
        place = code.raw(f"getelementptr {kind.memory}, ptr {start}, {(code.position(counter) * apart).typed()}")
        old = code.emit(kind, 1, f"load {kind.memory}, ptr {place}, align {kind.size}")
        code.do(f"store {bad.where(nan, old).typed()}, ptr {place}, align {kind.size}")


def _call(code: Code, kind: ScalarType, routine: str, arguments: Sequence[str | int]) -> None:
    """Calls a routine; whole numbers go into constants, everything else is the name of a pointer."""
    where = address(_letter(kind) + routine)
    if where is None:
        raise Unsupported(_MISSING)
    pointers = [_whole(code, a) if isinstance(a, int) else a for a in arguments]
    operands = ", ".join(f"ptr {p}" for p in pointers)
    code.do(f"call void inttoptr (i64 {where} to ptr)({operands})")


def _shared(code: Code, name: str, value: str) -> str:
    """A constant of the module, by its address."""
    code.module.declared.setdefault(name, f"{name} = private unnamed_addr constant {value}")
    return name


def _whole(code: Code, number: int) -> str:
    return _shared(code, f"@whole.{number}", f"i32 {number}")


def _letters(code: Code, letter: str) -> str:
    return _shared(code, f"@letter.{letter}", f"i8 {ord(letter)}")


def _number(code: Code, kind: ScalarType, number: float) -> str:
    return _shared(code, f"@number.{kind.suffix}.{int(number)}", f"{kind.register} {kind.literal(number)}")


def _status(code: Code) -> str:
    return code.alloca("i32", 4)
