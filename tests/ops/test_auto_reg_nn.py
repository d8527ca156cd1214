"""Laws of the autoregressive networks: a variable's parameters depend on those before it, and on all of them."""

import pytest
import torch
from torch import Tensor
from torch.autograd.functional import jacobian

from pyro.ops.auto_reg_nn import (
    AutoRegressiveNN,
    ConditionalAutoRegressiveNN,
    MaskedLinear,
    create_mask,
    sample_mask_indices,
)


@pytest.mark.parametrize("skip_connections", [False, True])
@pytest.mark.parametrize("context_dim", [0, 2])
@pytest.mark.parametrize("dim", [2, 5])
def test_each_variable_depends_on_all_before_it_alone(dim: int, context_dim: int, skip_connections: bool) -> None:
    # weights of one sign cannot cancel, nor does an activation that increases strictly hide a path
    net = ConditionalAutoRegressiveNN(dim, context_dim, [2 * dim, dim + 3], [1, 2], skip_connections=skip_connections,
                                      nonlinearity=torch.nn.Softplus())
    for parameter in net.parameters():
        parameter.data.abs_()
    context = torch.randn(context_dim) if context_dim else None
    place = net.get_permutation().argsort()
    before = place.unsqueeze(-1) > place
    derivative = jacobian(lambda x: torch.cat(net(x, context)), torch.randn(dim))
    assert isinstance(derivative, Tensor)
    for block in derivative:
        assert torch.equal(block != 0, before)


def test_context_reaches_the_first_variable() -> None:
    net = ConditionalAutoRegressiveNN(2, 3, [4])
    derivative = jacobian(lambda context: net(torch.zeros(2), context)[0], torch.randn(3))
    assert isinstance(derivative, Tensor)
    assert derivative.any(-1).all()


@pytest.mark.parametrize(("param_dims", "shapes"), [
    ([1], [(7, 3)]), ([2], [(7, 2, 3)]), ([1, 1], [(7, 3), (7, 3)]), ([3, 1], [(7, 3, 3), (7, 1, 3)])])
def test_parameters_have_their_sizes(param_dims: list[int], shapes: list[tuple[int, ...]]) -> None:
    parameters = AutoRegressiveNN(3, [5], param_dims)(torch.randn(7, 3))
    found = (parameters,) if isinstance(parameters, Tensor) else parameters
    assert [tuple(parameter.shape) for parameter in found] == shapes


@pytest.mark.parametrize("context_shape", [(2,), (5, 2), (7, 5, 2)])
def test_context_and_input_broadcast(context_shape: tuple[int, ...]) -> None:
    mean, _ = ConditionalAutoRegressiveNN(3, 2, [5])(torch.randn(5, 3), context=torch.randn(context_shape))
    assert mean.shape == torch.broadcast_shapes((5,), context_shape[:-1]) + (3,)


def test_given_permutation_is_the_order() -> None:
    order = torch.tensor([2, 0, 1])
    assert torch.equal(AutoRegressiveNN(3, [5], permutation=order).get_permutation(), order)
    masks, skip = create_mask(3, 0, [6, 5], order, 2)
    assert [tuple(mask.shape) for mask in masks] == [(6, 3), (5, 6), (6, 5)]
    # variable 2 is first and sees none, 0 sees 2, and 1 sees both; each has two outputs
    assert torch.equal(skip, torch.tensor([[0.0, 0, 1], [1, 0, 1], [0, 0, 0]]).repeat(2, 1))


@pytest.mark.parametrize("simple", [True, False])
@pytest.mark.parametrize(("input_dim", "hidden_dim"), [(3, 7), (1, 4), (5, 20)])
def test_every_degree_is_taken(input_dim: int, hidden_dim: int, simple: bool) -> None:
    degrees = sample_mask_indices(input_dim, hidden_dim, simple)
    assert degrees.shape == (hidden_dim,)
    assert set(degrees.tolist()) == set(range(1, input_dim + 1))


def test_masked_weights_stay_out() -> None:
    layer = MaskedLinear(3, 2, torch.tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]), bias=False)
    x = torch.tensor([1.0, float("1e30"), 2.0])
    assert layer.bias is None
    expected = [layer.weight[0] @ torch.tensor([1.0, 0.0, 2.0]), torch.zeros(())]
    torch.testing.assert_close(layer(x), torch.stack(expected))


def test_what_cannot_work_is_refused_or_warned_of() -> None:
    with pytest.raises(ValueError, match="hidden_dims of at least input_dim = 3"):
        AutoRegressiveNN(3, [5, 2])
    with pytest.warns(UserWarning, match="affine transform instead"):
        AutoRegressiveNN(1, [3])
