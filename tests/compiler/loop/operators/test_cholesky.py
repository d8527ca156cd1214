"""Cholesky factors and triangular systems against ATen, in loops and by LAPACK."""

import pytest
import torch
from torch import Tensor

from pyro.compiler.errors import Unsupported
from tests.compiler.loop.steps import agree, compiled, sample

TOLERANCE = {torch.float32: 3e-4, torch.float64: 1e-10}
CASES = [(dtype, lead, n) for dtype in TOLERANCE for lead in ((), (3,), (2, 3)) for n in (1, 5, 20, 70)]


def positive(lead: tuple[int, ...], n: int, dtype: torch.dtype) -> Tensor:
    """Matrices that have a factor."""
    x = sample((*lead, n, n), dtype)
    return x @ x.mT / n + 2 * torch.eye(n, dtype=dtype)


@pytest.mark.parametrize(("dtype", "lead", "n"), CASES)
def test_factors_and_systems(dtype: torch.dtype, lead: tuple[int, ...], n: int) -> None:
    def function(x: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        lower, solve = torch.linalg.cholesky(x), torch.linalg.solve_triangular
        return (
            lower,
            torch.linalg.cholesky(x, upper=True),
            torch.linalg.cholesky(x.mT.contiguous().mT),
            solve(lower, b, upper=False),
            solve(lower.mT, b, upper=True),
            solve(lower, b[..., :1], upper=False),
            solve(lower, b.mT, upper=False, left=False),
            solve(lower.mT, b.mT, upper=True, left=False),
            solve(lower, b, upper=False, unitriangular=True),
            torch.cholesky_solve(b, lower),
            torch.cholesky_solve(b, lower.mT, upper=True),
            torch.cholesky_inverse(lower),
        )

    agree(function, positive(lead, n, dtype), sample((*lead, n, 4), dtype, 1), tolerance=TOLERANCE[dtype])


@pytest.mark.parametrize("n", [5, 70])
def test_batches_broadcast(n: int) -> None:
    def function(x: Tensor, b: Tensor) -> Tensor:
        return torch.linalg.solve_triangular(torch.linalg.cholesky(x), b, upper=False)

    x = positive((), n, torch.float64)
    agree(function, x, sample((3, n, 2), torch.float64, 1), tolerance=1e-10)
    agree(function, positive((3,), n, torch.float64), sample((n, 2), torch.float64, 1), tolerance=1e-10)


@pytest.mark.parametrize("n", [3, 40])
def test_gradients(n: int) -> None:
    def function(x: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            normal = torch.distributions.MultivariateNormal(b, covariance_matrix=leaf, validate_args=False)
            return torch.autograd.grad(normal.log_prob(b * 2).sum(), leaf)

    agree(function, positive((2,), n, torch.float64), sample((n,), torch.float64, 1), tolerance=1e-9)


@pytest.mark.parametrize("n", [3, 40])
def test_failed_factors_show(n: int) -> None:
    factor, solution = compiled(
        lambda x: (
            (lower := torch.linalg.cholesky_ex(x)[0]),
            torch.linalg.solve_triangular(lower, torch.ones_like(x), upper=False),
        ),
        -torch.eye(n),
    )
    assert factor.diagonal().isnan().any()
    assert solution.isnan().any()


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda x: torch.linalg.cholesky(x), "Cholesky factor of 80"),
        (lambda x: torch.linalg.solve_triangular(x, x, upper=True), "triangular system of 80"),
    ],
)
def test_large_ones_need_lapack(function: object, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyro.compiler.loop.blas.available", lambda *_: False)
    with pytest.raises(Unsupported, match=what):
        compiled(lambda x: (function(x),), torch.eye(80))
