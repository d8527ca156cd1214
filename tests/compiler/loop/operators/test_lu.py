"""Determinants, inverses and systems of equations against ATen."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from pyro.compiler.errors import Unsupported
from tests.compiler.loop.steps import agree, compiled, sample

TOLERANCE = {torch.float32: 3e-4, torch.float64: 1e-10}
aten, linalg = torch.ops.aten, torch.linalg

FUNCTIONS: dict[str, Callable[[Tensor, Tensor, Tensor], Any]] = {
    "det": lambda x, b, v: aten._linalg_det(x),
    "det of a transpose": lambda x, b, v: aten._linalg_det(x.mT),
    "slogdet": lambda x, b, v: aten._linalg_slogdet(x),
    "slogdet of a transpose": lambda x, b, v: aten._linalg_slogdet(x.mT),
    "factors": lambda x, b, v: linalg.lu_factor_ex(x),
    "inverse": lambda x, b, v: (linalg.inv(x), linalg.inv(x.mT), linalg.inv_ex(x)[1]),
    "solve": lambda x, b, v: aten._linalg_solve_ex(x, b),
    "solve for a vector": lambda x, b, v: aten._linalg_solve_ex(x.mT, v),
    "solve on the right": lambda x, b, v: linalg.solve(x, b.mT, left=False),
    "solve with factors": lambda x, b, v: linalg.lu_solve(*linalg.lu_factor(x), b),
    "solve with transposed factors": lambda x, b, v: linalg.lu_solve(*linalg.lu_factor(x), b, adjoint=True),
    "solve on the right with factors": lambda x, b, v: linalg.lu_solve(*linalg.lu_factor(x), b.mT, left=False),
    "solve with copied factors": lambda x, b, v: linalg.lu_solve(linalg.lu_factor(x)[0] * 1, linalg.lu_factor(x)[1], b),
}


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("lead", [(), (3,)])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_against_aten(name: str, lead: tuple[int, ...], dtype: torch.dtype) -> None:
    for n in (1, 4, 30):
        x = sample((*lead, n, n), dtype, 3) / n**0.5 + 2 * torch.eye(n, dtype=dtype)
        b, v = sample((*lead, n, 5), dtype, 1), sample((*lead, n), dtype, 2)
        agree(FUNCTIONS[name], x, b, v, tolerance=TOLERANCE[dtype])


@pytest.mark.parametrize("transposed", [False, True])
def test_gradients(transposed: bool) -> None:
    """The derivatives use the factors, and count on whose they are."""

    def function(x: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            a = leaf.mT if transposed else leaf
            value = linalg.slogdet(a)[1] + linalg.det(a) + (linalg.solve(a, b) ** 2).sum() + linalg.inv(a).sum()
            return torch.autograd.grad(value, leaf)

    x = sample((6, 6), torch.float64) / 3 + torch.eye(6, dtype=torch.float64)
    agree(function, x, sample((6, 2), torch.float64, 1), tolerance=1e-9)


def test_singular_matrices_show() -> None:
    determinant, sign, logarithm, inverse = compiled(
        lambda x: (linalg.det(x), *linalg.slogdet(x), linalg.inv_ex(x)[0]), torch.ones(3, 3)
    )
    assert determinant == 0 and sign == 0 and logarithm == -torch.inf
    assert not inverse.isfinite().all()


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unsupported, match="not square"):
        compiled(lambda x: linalg.lu_factor_ex(x), torch.ones(3, 4))
    monkeypatch.setattr("pyro.compiler.loop.blas.available", lambda *_: False)
    with pytest.raises(Unsupported, match="no LAPACK"):
        compiled(lambda x: (linalg.det(x),), torch.eye(3))
