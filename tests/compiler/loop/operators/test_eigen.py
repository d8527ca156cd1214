"""Eigenvalues and orthogonal factors against ATen."""

import pytest
import torch
from torch import Tensor, linalg

from pyro.compiler.errors import Unsupported
from tests.compiler.loop.steps import agree, compiled, sample

TOLERANCE = {torch.float32: 3e-4, torch.float64: 1e-10}
aten = torch.ops.aten


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", [(1, 1), (30, 30), (3, 4, 4)])
def test_eigenvalues(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    """Only the triangle that is named is read; vectors are known but for their sign."""

    def function(x: Tensor) -> tuple[Tensor, ...]:
        values, vectors = aten._linalg_eigh(x, "L", True)
        return values, vectors.abs(), aten._linalg_eigh(x, "U", False)[0]

    agree(function, sample(shape, dtype, 3), tolerance=TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("shape", [(1, 1), (40, 30), (3, 7, 3), (3, 3, 5)])
def test_orthogonal_factors(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    x = sample(shape, dtype, 3)
    agree(lambda x: (*linalg.qr(x), linalg.qr(x, mode="r")[1]), x, tolerance=TOLERANCE[dtype])


def test_gradients() -> None:
    """The derivatives use the vectors and the factors."""

    def function(x: Tensor) -> tuple[Tensor, ...]:
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            q, r = linalg.qr(leaf)
            value = linalg.eigvalsh(leaf @ leaf.mT).log().square().sum() + (q.square() * r).sum()
            return torch.autograd.grad(value, leaf)

    agree(function, sample((5, 5), torch.float64) + torch.eye(5, dtype=torch.float64), tolerance=1e-8)


def test_matrices_without_eigenvalues_show() -> None:
    (values,) = compiled(lambda x: (aten._linalg_eigh(x, "L", False)[0],), torch.full((3, 3), torch.nan))
    assert values.isnan().all()


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unsupported, match="complete"):
        compiled(lambda x: tuple(linalg.qr(x, mode="complete")), torch.ones(3, 2))
    monkeypatch.setattr("pyro.compiler.loop.blas.available", lambda *_: False)
    with pytest.raises(Unsupported, match="no LAPACK"):
        compiled(lambda x: (linalg.eigvalsh(x),), torch.eye(3))
    with pytest.raises(Unsupported, match="no LAPACK"):
        compiled(lambda x: (linalg.qr(x)[1],), torch.eye(3))
