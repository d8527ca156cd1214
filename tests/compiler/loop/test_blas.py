"""Routines found, and what they take."""

import ctypes

import pytest
import torch

from pyro.compiler.loop import blas
from pyro.compiler.loop.blas import Matrix, address, available
from pyro.compiler.loop.scalar import F32, F64, I64
from pyro.compiler.loop.scope import Buffer
from tests.compiler.loop.steps import agree, sample

ROUTINES = ["gemm", "trsm", "potrf", "getrf", "getrs"]


@pytest.mark.parametrize("routine", ROUTINES)
def test_routines_are_found(routine: str) -> None:
    assert available(F32, routine) and available(F64, routine)
    assert not available(I64, routine)
    assert address("d" + routine) not in (None, address("s" + routine))


def test_an_unknown_routine_is_nowhere() -> None:
    assert address("sunheard") is None


@pytest.mark.parametrize("routine", ROUTINES)
def test_scipy_has_them_where_torch_does_not(routine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy")
    monkeypatch.setattr(blas, "_LIBRARIES", ())
    assert address.__wrapped__("s" + routine) not in (None, address("s" + routine))


def test_scipys_routines_compute_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy")
    monkeypatch.setattr(blas, "address", blas._from_scipy)
    x = sample((70, 70), torch.float64) / 9 + 3 * torch.eye(70, dtype=torch.float64)
    agree(lambda x: (x @ x, torch.linalg.cholesky(x @ x.mT), torch.linalg.inv(x), x.det().log()), x, tolerance=1e-10)


def test_the_address_is_that_of_a_function() -> None:
    """A product of two numbers, called through the address."""
    found = address("dgemm")
    assert found is not None
    one, letter = ctypes.c_int(1), ctypes.c_char(b"N")
    a, b, c = (ctypes.c_double(v) for v in (3.0, 5.0, 7.0))
    alpha, beta = ctypes.c_double(1.0), ctypes.c_double(0.0)
    refs = [ctypes.byref(v) for v in (letter, letter, one, one, one, alpha, a, one, b, one, beta, c, one)]
    ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(refs))(found)(*refs)
    assert c.value == 15.0


@pytest.mark.parametrize(
    ("shape", "strides", "layout"),
    [
        ((3, 5), (5, 1), (False, 5)),
        ((3, 5), (9, 1), (False, 9)),
        ((3, 5), (1, 3), (True, 3)),
        ((3, 5), (1, 8), (True, 8)),
        ((3, 5), (10, 2), None),
        ((3, 5), (0, 1), None),
        ((3, 5), (-5, 1), None),
        ((3, 5), (1, 2), None),
        ((1, 5), (77, 1), (False, 5)),
        ((1, 5), (77, 3), (True, 3)),
        ((5, 1), (4, 77), (False, 4)),
        ((1, 1), (0, 0), (False, 1)),
        ((2, 3, 5), (0, 5, 1), (False, 5)),
    ],
)
def test_layouts(shape: tuple[int, ...], strides: tuple[int, ...], layout: tuple[bool, int] | None) -> None:
    assert Matrix(Buffer("%x", F32, 1000), 0, shape, strides).layout() == layout
