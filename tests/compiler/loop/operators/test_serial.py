"""Running sums, factorisations and triangular systems against ATen."""

import pytest
import torch
from torch import Tensor

from pyro.compiler.errors import Unsupported
from tests.compiler.loop.steps import agree, agree_all, compiled, sample


@pytest.mark.parametrize("shape", [(1,), (9,), (4, 7), (3, 5, 70)])
def test_running_sums_and_products(shape: tuple[int, ...]) -> None:
    functions = {
        "first": lambda x: (x.cumsum(0), x.cumprod(0)),
        "last": lambda x: ((x * 2).cumsum(-1), x.exp().cumprod(-1)),
        "norm": lambda x: (torch.linalg.vector_norm(x), torch.linalg.vector_norm(x, dim=-1)),
    }
    agree_all(functions, sample(shape, torch.float64), tolerance=1e-12)
    agree(lambda x: x.cumsum(0), sample(shape, torch.int64))


@pytest.mark.parametrize("lead", [(), (3,)])
def test_factorisation_and_triangular_systems(lead: tuple[int, ...]) -> None:
    def function(x: Tensor, b: Tensor) -> tuple[Tensor, ...]:
        a = x @ x.mT + 3 * torch.eye(6, dtype=x.dtype)
        lower = torch.linalg.cholesky(a)
        solve = torch.linalg.solve_triangular
        return (
            lower,
            torch.linalg.cholesky(a, upper=True),
            solve(lower, b, upper=False),
            solve(lower.mT, b, upper=True),
            solve(lower, b.mT, upper=False, left=False),
            solve(lower, b, upper=False, unitriangular=True),
        )

    agree(function, sample((*lead, 6, 6), torch.float64), sample((*lead, 6, 4), torch.float64, 1), tolerance=1e-11)


def test_failed_factorisation_shows() -> None:
    (factor,) = compiled(lambda x: (torch.linalg.cholesky_ex(x)[0],), -torch.eye(3))
    assert factor.isnan().any()


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda x: torch.linalg.cholesky(x), "Cholesky factor of 80"),
        (lambda x: torch.linalg.solve_triangular(x, x, upper=True), "triangular system"),
        (lambda x: torch.linalg.vector_norm(x, 3), "norm of order 3"),
    ],
)
def test_what_is_refused(function: object, what: str) -> None:
    with pytest.raises(Unsupported, match=what):
        compiled(lambda x: (function(x),), torch.eye(80))
