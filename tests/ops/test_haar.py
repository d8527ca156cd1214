"""Laws of the Haar transform: it is orthogonal for every length, and its rows are those of Haar."""

import pytest
import torch

from pyro.ops.haar import haar_transform, inverse_haar_transform


@pytest.mark.parametrize("size", range(1, 10))
def test_orthogonal_with_its_inverse(size: int) -> None:
    matrix = haar_transform(torch.eye(size, dtype=torch.float64))
    torch.testing.assert_close(matrix @ matrix.mT, torch.eye(size, dtype=torch.float64))
    x = torch.randn(2, 3, size, dtype=torch.float64)
    torch.testing.assert_close(haar_transform(x), x @ matrix)
    torch.testing.assert_close(inverse_haar_transform(haar_transform(x)), x)


def test_coarse_coefficients_come_first() -> None:
    r = 0.5**0.5
    rows = [[0.5, 0.5, 0.5, 0.5], [0.5, 0.5, -0.5, -0.5], [r, -r, 0, 0], [0, 0, r, -r]]
    torch.testing.assert_close(haar_transform(torch.eye(4)).mT, torch.tensor(rows))


def test_an_odd_one_out_is_kept() -> None:
    torch.testing.assert_close(haar_transform(torch.tensor([1.0, 3.0, 7.0]))[-1], torch.tensor(7.0))
