"""Laws of tiny matrices, against torch's decompositions."""

import warnings

import pytest
import torch

from pyro.ops.linalg import (
    cholesky_of_inverse,
    determinant_3d,
    eig_3d,
    ignore_torch_deprecation_warnings,
    inv3d,
    rinverse,
)


def matrices(n: int, is_symmetric: bool) -> torch.Tensor:
    torch.manual_seed(0)
    x = torch.randn(5, n, n).double()
    return x @ x.mT + torch.eye(n) if is_symmetric else x


@pytest.mark.parametrize("is_symmetric", [True, False])
@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_inverse(n: int, is_symmetric: bool) -> None:
    x = matrices(n, is_symmetric)
    torch.testing.assert_close(rinverse(x, sym=is_symmetric), torch.linalg.inv(x))


def test_factor_of_the_inverse() -> None:
    x = matrices(4, True)
    x[0] *= -1
    factor = cholesky_of_inverse(x)
    torch.testing.assert_close(factor[1:], torch.linalg.cholesky(torch.linalg.inv(x[1:])))
    assert factor[0].isnan().all()


def test_three_rows() -> None:
    x = matrices(3, False)
    torch.testing.assert_close(determinant_3d(x), torch.linalg.det(x))
    torch.testing.assert_close(inv3d(x), torch.linalg.inv(x))
    x = matrices(3, True)
    torch.testing.assert_close(torch.stack(eig_3d(x), -1), torch.linalg.eigvalsh(x))


@pytest.mark.parametrize("diagonal", [[2.0, 2.0, 2.0], [1.0, 1.0, 5.0], [1.0, 5.0, 5.0]])
def test_equal_eigenvalues(diagonal: list[float]) -> None:
    x = torch.tensor(diagonal).double()
    torch.testing.assert_close(torch.stack(eig_3d(x.diag())), x, rtol=1e-6, atol=1e-6)


def test_deprecations_are_silenced() -> None:
    with ignore_torch_deprecation_warnings():
        warnings.warn("torch.old is deprecated in favor of torch.new", UserWarning, stacklevel=1)
    with pytest.warns(UserWarning, match="deprecated"):
        warnings.warn("torch.old is deprecated in favor of torch.new", UserWarning, stacklevel=1)
