"""Categorical's log_prob of values that the batch shares; the usual ones have a row in ``table.py``."""

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import pyro.distributions as dist


@pytest.mark.parametrize("batch_shape", [(), (2,), (3, 2), (1, 2)], ids=str)
@pytest.mark.parametrize(
    "value_shape", [(), (1,), (2,), (3, 1), (1, 1), (4, 1, 1), (5, 4, 1, 1), (4, 1, 2), (4, 3, 2)], ids=str
)
def test_log_prob_is_that_of_torch(batch_shape: tuple[int, ...], value_shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    logits = torch.randn(batch_shape + (5,), dtype=torch.float64, requires_grad=True)
    value = torch.randint(0, 5, value_shape)
    try:
        shape = torch.broadcast_shapes(batch_shape, value_shape)
    except RuntimeError:
        with pytest.raises(ValueError, match="not broadcastable"):
            dist.Categorical(logits=logits).log_prob(value)
        return
    expected = torch.distributions.Categorical(logits=logits).log_prob(value)
    actual = dist.Categorical(logits=logits).log_prob(value)
    assert actual.shape == expected.shape == shape
    assert torch.equal(actual, expected)
    weights = torch.randn(shape, dtype=torch.float64)
    gradients = [torch.autograd.grad(x, logits, weights)[0] for x in (actual, expected)]
    torch.testing.assert_close(*gradients)


class LargestResult(TorchDispatchMode):
    """Notes the size of the largest tensor that any operator returns."""

    size = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.size = max(self.size, result.numel())
        return result


def test_backward_of_enumerated_values_needs_no_square_of_their_number() -> None:
    d = dist.Categorical(logits=torch.zeros(7, 50, requires_grad=True))
    with LargestResult() as largest:
        d.log_prob(d.enumerate_support(expand=False)).sum().backward()
    assert largest.size == 7 * 50
