"""Laws of the inverse of autoregressive maps."""

import pytest
import torch
from torch import Tensor

from pyro.distributions.transforms.autoregressive import InContext, invert_in_order
from pyro.ops.auto_reg_nn import ConditionalAutoRegressiveNN


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [2, 1, 0]])
def test_variables_are_found_in_the_given_order(order: list[int]) -> None:
    permutation = torch.tensor(order)
    weights = torch.zeros(3, 3, dtype=torch.float64)
    weights[permutation] = torch.randn(3, 3, dtype=torch.float64).tril(-1)[:, permutation.argsort()]
    x = torch.randn(5, 3, dtype=torch.float64)

    def shifted(x: Tensor) -> Tensor:
        return (x @ weights.mT).sin()

    y = 2 * x + shifted(x)
    found, log_derivatives = invert_in_order(y, permutation, lambda x: ((y - shifted(x)) / 2, shifted(x)))
    torch.testing.assert_close(found, x)
    torch.testing.assert_close(log_derivatives, shifted(x))


def test_network_in_context_keeps_its_order() -> None:
    net = ConditionalAutoRegressiveNN(3, 2, [5])
    x, context = torch.randn(4, 3), torch.randn(2)
    filled = InContext(net, context)
    assert torch.equal(filled.permutation, net.permutation)
    torch.testing.assert_close(filled(x), net(x, context))
