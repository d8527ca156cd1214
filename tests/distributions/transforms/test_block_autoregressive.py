"""Laws of the block autoregressive flow; see test_laws.py for those that it shares."""

from typing import Any

import pytest
import torch
from torch.autograd.functional import jacobian

from pyro.distributions.transforms.block_autoregressive import (
    BlockAutoregressive,
    MaskedBlockLinear,
    block_autoregressive,
    log_matrix_product,
)


def test_log_matrix_product_is_stable() -> None:
    a, b = torch.randn(2, 3, 4, dtype=torch.float64), torch.randn(2, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(log_matrix_product(a, b), (a.exp() @ b.exp()).log())
    torch.testing.assert_close(log_matrix_product(a - 2000, b), (a.exp() @ b.exp()).log() - 2000)


@pytest.mark.parametrize("bias", [True, False])
def test_layer_is_lower_triangular_by_blocks_with_a_positive_diagonal(bias: bool) -> None:
    layer = MaskedBlockLinear(6, 9, 3, bias=bias)
    weight, log_blocks = layer.get_weights()
    assert log_blocks.shape == (3, 3, 2)
    blocks = weight.unflatten(0, (3, 3)).unflatten(-1, (3, 2))
    for i in range(3):
        torch.testing.assert_close(log_blocks[i].exp(), blocks[i, :, i])
        assert not blocks[i, :, i + 1 :].any()
    torch.testing.assert_close(weight.norm(dim=-1), layer._diag_weight.exp().squeeze(-1))
    x = torch.randn(7, 6)
    y, _ = layer(x.unsqueeze(-1))
    torch.testing.assert_close(y, x @ weight.mT + layer.bias)
    assert "bias" in dict(layer.named_parameters()) or not bias


@pytest.mark.parametrize("residual", [None, "normal", "gated"])
def test_derivatives_are_lower_triangular_and_positive(residual: str | None) -> None:
    flow = block_autoregressive(3, hidden_factors=[2], residual=residual)
    matrix = jacobian(flow, torch.randn(3))
    assert isinstance(matrix, torch.Tensor)
    assert not matrix.triu(1).any() and (matrix.diagonal() > 0).all()


@pytest.mark.parametrize(("kwargs", "message"), [
    ({"residual": "foo"}, "'foo'"), ({"activation": "foo"}, "'foo'"), ({"hidden_factors": [0]}, "at least 1"),
])
def test_wrong_options_are_refused(kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BlockAutoregressive(3, **kwargs)
