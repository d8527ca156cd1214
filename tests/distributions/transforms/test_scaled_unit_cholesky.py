"""Laws of the transform onto lower triangular matrices by unit ones and scales."""

import pytest
import torch
from torch.nn.functional import softplus

from pyro.distributions.transforms.scaled_unit_cholesky import ScaledUnitLowerCholeskyTransform
from tests.distributions.transforms.laws import assert_one_to_one


@pytest.mark.parametrize("n", [1, 2, 4])
def test_one_to_one_with_the_stated_jacobian(n: int) -> None:
    size = n * (n + 1) // 2
    x = torch.randn(2, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = assert_one_to_one(ScaledUnitLowerCholeskyTransform(), x)
    torch.testing.assert_close(y.diagonal(dim1=-2, dim2=-1), softplus(x[..., size - n :]))
    unit = y / y.diagonal(dim1=-2, dim2=-1).unsqueeze(-1)
    rows, columns = torch.tril_indices(n, n, -1)
    torch.testing.assert_close(unit[..., rows, columns], x[..., : size - n])


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="got 4"):
        ScaledUnitLowerCholeskyTransform()(torch.zeros(4))
