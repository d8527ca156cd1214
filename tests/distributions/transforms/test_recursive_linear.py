"""Laws of the linear recursion."""

import pytest
import torch

from pyro.distributions.transforms.recursive_linear import RecursiveLinearTransform
from tests.distributions.transforms.laws import assert_one_to_one

GENERATOR = torch.Generator().manual_seed(0)
MATRIX = torch.randn(3, 3, dtype=torch.float64, generator=GENERATOR) / 2
START = torch.randn(3, dtype=torch.float64, generator=GENERATOR)


@pytest.mark.parametrize("start", [None, START], ids=["zero", "start"])
@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_equals_the_recursion(length: int, start: torch.Tensor | None) -> None:
    transform = RecursiveLinearTransform(MATRIX, start)
    x = torch.randn(2, length, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = assert_one_to_one(transform, x)
    state = torch.zeros(3, dtype=torch.float64) if start is None else start
    for t in range(length):
        state = state @ MATRIX.T + x[:, t]
        torch.testing.assert_close(y[:, t], state)


def test_batches_broadcast() -> None:
    x = torch.randn(5, 3, dtype=torch.float64)
    wide = RecursiveLinearTransform(MATRIX.expand(2, 3, 3), START.expand(4, 1, 3))
    y = wide(x)
    assert y.shape == (4, 2, 5, 3)
    torch.testing.assert_close(y[3, 1], RecursiveLinearTransform(MATRIX, START)(x))
    torch.testing.assert_close(wide.inv(y), x.expand(4, 2, 5, 3))
    assert wide.log_abs_det_jacobian(x, y).shape == (4, 2)


def test_equality_is_by_value() -> None:
    assert RecursiveLinearTransform(MATRIX, START) == RecursiveLinearTransform(MATRIX.clone(), START.clone())
    assert RecursiveLinearTransform(MATRIX) != RecursiveLinearTransform(MATRIX, START)
    assert RecursiveLinearTransform(MATRIX) != RecursiveLinearTransform(-MATRIX)
