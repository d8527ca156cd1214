"""Laws of arrowhead matrices, against dense ones."""

import pytest
import torch

from pyro.ops.arrowhead import SymmArrowhead, TriuArrowhead, sqrt, triu_gram, triu_inverse, triu_matvecmul

N = 4


def symmetric(head: int) -> tuple[SymmArrowhead, torch.Tensor]:
    torch.manual_seed(0)
    x = torch.randn(N, N).double()
    dense = x @ x.mT + N * torch.eye(N)
    dense[head:, head:] = dense[head:, head:].diag().diag()
    return SymmArrowhead(dense[:head], dense.diag()[head:]), dense


def to_dense(x: TriuArrowhead) -> torch.Tensor:
    head = x.top.size(0)
    bottom = torch.cat([torch.zeros(N - head, head).double(), x.bottom_diag.diag()], -1)
    return torch.cat([x.top, bottom])


@pytest.mark.parametrize("head", [0, 2, N])
def test_factor_inverse_and_products(head: int) -> None:
    x, dense = symmetric(head)
    factor = sqrt(x)
    upper = to_dense(factor)
    assert torch.equal(upper, upper.triu())
    torch.testing.assert_close(upper @ upper.mT, dense)
    torch.testing.assert_close(to_dense(triu_inverse(factor)), upper.inverse())
    vector = torch.arange(1.0, N + 1).double()
    torch.testing.assert_close(triu_matvecmul(factor, vector), upper @ vector)
    torch.testing.assert_close(triu_matvecmul(factor, vector, transpose=True), upper.mT @ vector)
    gram = triu_gram(factor)
    torch.testing.assert_close(gram if head else gram.diag(), upper.mT @ upper)
