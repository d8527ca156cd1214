"""Laws of matrix products in log space."""

import pytest
import torch

from pyro.ops.log_matmul import logmatmulexp, sequential_logmatmulexp

INF = torch.inf


@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
def test_product_equals_that_of_exponentials(shift: float) -> None:
    torch.manual_seed(0)
    x, y = torch.randn(5, 2, 3).double(), torch.randn(3, 4).double()
    torch.testing.assert_close(logmatmulexp(x + shift, y), (x.exp() @ y.exp()).log() + shift)


@pytest.mark.parametrize("x", [[[0.0, -INF]], [[-INF, -INF]], [[-INF, 3.0]]])
def test_impossible_terms_count_as_zero_and_have_no_gradient(x: list[list[float]]) -> None:
    left = torch.tensor(x, requires_grad=True)
    right = torch.tensor([[0.0, -INF], [-INF, -INF]], requires_grad=True)
    result = logmatmulexp(left, right)
    assert torch.equal(result, (left.exp() @ right.exp()).log())
    gradients = torch.autograd.grad(result[result.isfinite()].sum(), [left, right])
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_gradients_equal_differences() -> None:
    torch.manual_seed(0)
    chain = torch.randn(5, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(sequential_logmatmulexp, [chain])
    assert torch.autograd.gradgradcheck(sequential_logmatmulexp, [chain])


def test_chain_equals_products_one_by_one() -> None:
    torch.manual_seed(0)
    chain = torch.randn(7, 3, 3).double()
    expected = torch.linalg.multi_dot(list(chain.exp())).log()
    torch.testing.assert_close(sequential_logmatmulexp(chain), expected)
