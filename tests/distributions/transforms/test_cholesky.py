"""Laws of the transforms between matrices and their Cholesky factors: inverse, and the Jacobian by differentiation."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from pyro.distributions.transforms.cholesky import (
    CholeskyTransform,
    CorrLCholeskyTransform,
    CorrMatrixCholeskyTransform,
)


def covariance(n: int) -> Tensor:
    factor = torch.randn(2, n, n, dtype=torch.float64, generator=torch.Generator().manual_seed(n))
    return factor @ factor.mT + torch.eye(n, dtype=torch.float64)


def correlation(n: int) -> Tensor:
    matrix = covariance(n)
    scale = matrix.diagonal(dim1=-2, dim2=-1).rsqrt()
    return matrix * scale.unsqueeze(-1) * scale.unsqueeze(-2)


CASES = [(CholeskyTransform(), covariance, 0), (CorrMatrixCholeskyTransform(), correlation, -1)]


@pytest.mark.parametrize("transform, build, diagonal", CASES)
@pytest.mark.parametrize("n", [2, 4])
def test_one_to_one_with_the_stated_jacobian(
    transform: CholeskyTransform, build: Callable[[int], Tensor], diagonal: int, n: int
) -> None:
    x = build(n)
    y = transform(x)
    assert transform.domain.check(x).all()
    assert transform.codomain.check(y).all()
    torch.testing.assert_close(transform.inv(y), x)
    rows, columns = torch.tril_indices(n, n, diagonal)
    for matrix, expected in zip(x, transform.log_abs_det_jacobian(x, y), strict=True):

        def free_to_free(free: Tensor, matrix: Tensor = matrix) -> Tensor:
            filled = matrix.index_put((rows, columns), free).index_put((columns, rows), free)
            factor: Tensor = transform(filled)[rows, columns]
            return factor

        derivative = jacobian(free_to_free, matrix[rows, columns])
        assert isinstance(derivative, Tensor)
        torch.testing.assert_close(torch.linalg.slogdet(derivative).logabsdet, expected)


def test_equality_is_by_kind() -> None:
    assert CholeskyTransform() == CholeskyTransform()
    assert CholeskyTransform() != CorrMatrixCholeskyTransform()


def test_old_name_warns() -> None:
    with pytest.warns(FutureWarning, match="CorrCholeskyTransform"):
        transform = CorrLCholeskyTransform()
    x = torch.randn(6)
    assert torch.equal(transform(x), torch.distributions.transforms.CorrCholeskyTransform()(x))
