"""Products against ATen: small ones in loops, larger ones by BLAS, over shapes, strides and element types."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pyro.compiler.errors import Unsupported
from pyro.compiler.loop import blas
from pyro.compiler.loop.operators.products import MAX_LOOPED, MIN_CALLED
from tests.compiler.loop.steps import agree, compiled, sample

FLOATS = [torch.float32, torch.float64]
PRODUCTS: dict[str, tuple[Callable[..., Tensor], tuple[tuple[int, ...], ...]]] = {
    "mm": (torch.mm, ((3, 5), (5, 7))),
    "mm wide": (torch.mm, ((4, 33), (33, 130))),
    "mm transposed": (lambda a, b: a.t() @ b.t(), ((5, 3), (7, 5))),
    "bmm": (torch.bmm, ((2, 3, 5), (2, 5, 4))),
    "mv": (torch.mv, ((200, 54), (54,))),
    "mv transposed": (lambda a, b: a.t() @ b, ((200, 54), (200,))),
    "dot": (torch.dot, ((77,), (77,))),
    "addmm": (lambda a, b, c: torch.addmm(c, a, b, beta=2, alpha=3), ((3, 5), (5, 7), (7,))),
    "linear": (torch.nn.functional.linear, ((9, 5), (7, 5), (7,))),
    "outer": (torch.outer, ((9,), (12,))),
    "outer of many": (lambda a, b: (a @ b).tanh() * (a @ b), ((2, 400, 1), (2, 1, 400))),
    "einsum": (lambda a, b: torch.einsum("ijk,jl->ikl", a, b), ((2, 3, 4), (3, 5))),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", PRODUCTS)
def test_products(name: str, dtype: torch.dtype) -> None:
    function, shapes = PRODUCTS[name]
    args = [sample(shape, dtype, seed) for seed, shape in enumerate(shapes)]
    agree(function, *args, tolerance=2e-5 if dtype is torch.float32 else 1e-13)


# each with at least MIN_CALLED multiplications; strides that no routine takes are copied
CALLED: dict[str, tuple[Callable[..., Tensor], tuple[tuple[int, ...], ...]]] = {
    "mm": (torch.mm, ((70, 60), (60, 50))),
    "left transposed": (lambda a, b: a.t() @ b, ((60, 70), (60, 50))),
    "right transposed": (lambda a, b: a @ b.t(), ((70, 60), (50, 60))),
    "both transposed": (lambda a, b: a.t() @ b.t(), ((60, 70), (50, 60))),
    "result transposed": (lambda a, b: (a @ b).t() + 1, ((70, 60), (60, 50))),
    "part of a larger one": (lambda a, b: a[5:75, 3:63] @ b[:60, 7:], ((80, 70), (65, 57))),
    "every second column": (lambda a, b: a[:, ::2] @ b.flip(0), ((70, 120), (60, 50))),
    "computed operands": (lambda a, b: (a.exp() + 1) @ (b * 2).t(), ((70, 60), (50, 60))),
    "expanded": (lambda a, b: a.expand(70, 60) @ b, ((1, 60), (60, 50))),
    "addmm": (lambda a, b, c: torch.addmm(c, a, b, beta=2, alpha=3), ((70, 60), (60, 50), (50,))),
    "linear": (torch.nn.functional.linear, ((70, 60), (50, 60), (50,))),
    "bmm": (torch.bmm, ((3, 70, 60), (3, 60, 50))),
    "bmm transposed": (lambda a, b: a.mT @ b.mT, ((3, 60, 70), (3, 50, 60))),
    "batch expanded": (lambda a, b: a @ b, ((3, 70, 60), (60, 50))),
    "batch dim inside": (lambda a, b: a.transpose(0, 1) @ b, ((70, 3, 60), (3, 60, 50))),
    "baddbmm": (torch.baddbmm, ((3, 70, 50), (3, 70, 60), (3, 60, 50))),
    "result on a result": (lambda a, b: (a @ b) @ (a @ b).t(), ((70, 60), (60, 50))),
}


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", CALLED)
def test_called_products(name: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    function, shapes = CALLED[name]
    calls = []
    monkeypatch.setattr("pyro.compiler.loop.operators.products.product", lambda *a: calls.append(blas.product(*a)))
    args = [sample(shape, dtype, seed) for seed, shape in enumerate(shapes)]
    agree(function, *args, tolerance=5e-4 if dtype is torch.float32 else 1e-11)
    assert calls


@pytest.mark.parametrize("shape", [(1, 9, 1), (9, 0, 9), (0, 5, 4), (5, 4, 0), (1 << 12, 64, 1), (2, 1 << 15, 2)])
def test_thin_and_empty_products_are_loops(shape: tuple[int, int, int]) -> None:
    rows, inner, columns = shape
    agree(torch.mm, sample((rows, inner), torch.float64), sample((inner, columns), torch.float64, 1), tolerance=1e-10)


def test_whole_numbers_are_multiplied_in_loops() -> None:
    agree(torch.mm, sample((64, 64), torch.int64), sample((64, 64), torch.int64, 1))
    assert MIN_CALLED <= 64**3


def test_products_that_are_too_large_for_a_loop_need_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyro.compiler.loop.operators.products.available", lambda *_: False)
    agree(torch.mm, sample((64, 64), torch.float64), sample((64, 64), torch.float64, 1), tolerance=1e-11)
    assert MAX_LOOPED < 512**3
    with pytest.raises(Unsupported, match="no BLAS"):
        compiled(lambda a: (a @ a,), torch.zeros(512, 512))
