"""Law of the transform onto rows of positive definite circulant matrices."""

import pytest
import torch

from pyro.distributions import constraints
from pyro.distributions.transforms.circulant import CirculantTransform


@pytest.mark.parametrize("size", [1, 4, 5])
def test_rows_belong_to_positive_definite_matrices(size: int) -> None:
    transform = CirculantTransform()
    y = transform(torch.randn(3, size, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    assert constraints.positive_definite_circulant_vector.check(y).all()
    matrices = torch.stack([y.roll(shift, -1) for shift in range(size)], -2)
    torch.testing.assert_close(matrices, matrices.mT)
    assert (torch.linalg.eigvalsh(matrices) > 0).all()
    torch.testing.assert_close(transform(transform.inv(y)), y)
    assert transform == CirculantTransform() and not transform.bijective
