"""Laws of the transform onto arrays that sum to zero."""

import pytest
import torch

from pyro.distributions.transforms.zero_sum import ZeroSumTransform
from tests.distributions.transforms.laws import assert_one_to_one


@pytest.mark.parametrize("ndims, shape", [(1, (5, 1)), (1, (2, 3, 4)), (2, (3, 4)), (2, (5, 2, 3)), (3, (2, 3, 2))])
def test_one_to_one_and_keeps_distances(ndims: int, shape: tuple[int, ...]) -> None:
    x = torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    y = assert_one_to_one(ZeroSumTransform(ndims), x)
    torch.testing.assert_close(y.square().sum(), x.square().sum())
    for dim in range(-ndims, 0):
        assert y.sum(dim).abs().max() < 1e-12


def test_equality_is_by_dimensions() -> None:
    assert ZeroSumTransform(2) == ZeroSumTransform(2) != ZeroSumTransform(1)
