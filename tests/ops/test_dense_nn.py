"""Laws of the fully connected networks: shapes of what they return, and the context's part in it."""

import pytest
import torch

from pyro.ops.dense_nn import ConditionalDenseNN, DenseNN


@pytest.mark.parametrize("param_dims", [[1], [4], [1, 1], [2, 3]])
@pytest.mark.parametrize("hidden_dims", [[], [5], [5, 6]])
def test_parameters_have_their_sizes(param_dims: list[int], hidden_dims: list[int]) -> None:
    net = DenseNN(3, hidden_dims, param_dims)
    parameters = net(torch.randn(7, 2, 3))
    shapes = [tuple(p.shape) for p in ((parameters,) if isinstance(parameters, torch.Tensor) else parameters)]
    assert shapes == [(7, 2, n) for n in param_dims]
    assert isinstance(parameters, torch.Tensor) is (len(param_dims) == 1)


def test_one_layer_is_what_it_says() -> None:
    net = DenseNN(3, [4], [2], nonlinearity=torch.tanh)
    x = torch.randn(5, 3)
    first, last = net.layers
    torch.testing.assert_close(net(x), last(torch.tanh(first(x))))


@pytest.mark.parametrize("context_shape", [(2,), (5, 2), (7, 5, 2)])
@pytest.mark.parametrize("x_shape", [(3,), (5, 3)])
def test_context_and_input_broadcast(context_shape: tuple[int, ...], x_shape: tuple[int, ...]) -> None:
    net = ConditionalDenseNN(3, 2, [5], [1, 4])
    x, context = torch.randn(x_shape), torch.randn(context_shape).requires_grad_()
    location, scale = net(x, context=context)
    batch_shape = torch.broadcast_shapes(x_shape[:-1], context_shape[:-1])
    assert (location.shape, scale.shape) == (batch_shape + (1,), batch_shape + (4,))
    scale.sum().backward()
    assert context.grad is not None and context.grad.any()
