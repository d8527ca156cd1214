"""Law of the transform onto unit lower triangular matrices."""

import torch

from pyro.distributions import constraints
from pyro.distributions.transforms.unit_cholesky import UnitLowerCholeskyTransform


def test_unit_lower_triangle() -> None:
    transform = UnitLowerCholeskyTransform()
    x = torch.randn(4, 3, 3, dtype=torch.float64)
    y = transform(x)
    assert constraints.unit_lower_cholesky.check(y).all()
    assert torch.equal(y.tril(-1), x.tril(-1))
    assert torch.equal(transform(transform.inv(y)), y)
    assert transform == UnitLowerCholeskyTransform()
