"""Law of the transform onto increasing vectors."""

import pytest
import torch
from torch.autograd.functional import jacobian

from pyro.distributions import constraints
from pyro.distributions.transforms.ordered import OrderedTransform


@pytest.mark.parametrize("shape", [(1,), (4,), (3, 2)])
def test_one_to_one_with_the_stated_jacobian(shape: tuple[int, ...]) -> None:
    transform = OrderedTransform()
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = transform(x)
    assert constraints.ordered_vector.check(y).all()
    torch.testing.assert_close(transform.inv(y), x)
    for row, expected in zip(x.reshape(-1, shape[-1]), transform.log_abs_det_jacobian(x, y).reshape(-1), strict=True):
        matrix = jacobian(transform, row)
        assert isinstance(matrix, torch.Tensor)
        torch.testing.assert_close(torch.linalg.slogdet(matrix).logabsdet, expected)
    assert transform == OrderedTransform()
