r"""Autoregressive networks: what they return for variable i depends on the variables before it alone.

Each unit of the network has a degree. The inputs have the degrees 1, ..., D in the order of the permutation, the
context has degree 0, and hidden units have degrees in between. A hidden unit sees units of its own degree or less, an
output of degree d sees units of degree less than d. Masks over the weights enforce it, so that all D outputs take one
pass.

Reference:
    M. Germain, K. Gregor, I. Murray, H. Larochelle (2015), "MADE: masked autoencoder for distribution estimation", ICML
"""

import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from pyro.ops.dense_nn import ONE_EACH, Parameters, broadcast_with_context, relu, split_parameters

__all__ = ["AutoRegressiveNN", "ConditionalAutoRegressiveNN", "MaskedLinear", "create_mask", "sample_mask_indices"]


def sample_mask_indices(input_dim: int, hidden_dim: int, simple: bool = True) -> Tensor:
    """Degrees of hidden units, spread evenly from 1 to ``input_dim``.

    Args:
        input_dim: the largest degree.
        hidden_dim: how many units.
        simple: whether a fraction is rounded to the nearest degree; otherwise up or down at random.

    Returns:
        The degrees, increasing up to the random rounding.

    Example:
        >>> sample_mask_indices(3, 5)
        tensor([1., 2., 2., 2., 3.])
    """
    even = torch.linspace(1, input_dim, hidden_dim)
    return even.round() if simple else even.floor() + torch.bernoulli(even.frac())


def create_mask(
    input_dim: int, context_dim: int, hidden_dims: Sequence[int], permutation: Tensor, output_dim_multiplier: int
) -> tuple[list[Tensor], Tensor]:
    """Masks of an autoregressive network.

    Args:
        input_dim: number of variables.
        context_dim: size of the context; it stands before the input.
        hidden_dims: sizes of the hidden layers.
        permutation: the order of the variables.
        output_dim_multiplier: how many outputs each variable has.

    Returns:
        A mask for each layer, and one for the weights that skip from the input to the output.

    Example:
        >>> masks, skip = create_mask(2, 0, [1], torch.tensor([0, 1]), 1)
        >>> masks
        [tensor([[1., 0.]]), tensor([[0.], [1.]])]
    """
    order = torch.empty(input_dim, device=permutation.device)
    order[permutation] = torch.arange(1, input_dim + 1, dtype=order.dtype, device=order.device)
    inputs = torch.cat([order.new_zeros(context_dim), order])
    outputs = order.repeat(output_dim_multiplier)
    least = 0 if context_dim else 1
    hidden = [sample_mask_indices(input_dim - least, size).to(order) if least
              else sample_mask_indices(input_dim, size).to(order) - 1 for size in hidden_dims]
    layers = [inputs, *hidden]
    masks = [(after.unsqueeze(-1) >= before).to(order.dtype)
             for before, after in zip(layers[:-1], layers[1:], strict=True)]
    masks.append((outputs.unsqueeze(-1) > layers[-1]).to(order.dtype))
    return masks, (outputs.unsqueeze(-1) > inputs).to(order.dtype)


class MaskedLinear(nn.Linear):
    """A linear layer, some of whose weights are held at zero.

    Args:
        in_features: size of the input.
        out_features: size of the output.
        mask: ones for the weights in use, zeros for the others.
        bias: whether there is a bias.

    Shape:
        mask is ``(out_features, in_features)``.

    Example:
        >>> layer = MaskedLinear(2, 1, torch.tensor([[1.0, 0.0]]))
        >>> layer(torch.tensor([3.0, 4.0])) == layer(torch.tensor([3.0, 5.0]))
        tensor([True])
    """

    mask: Tensor

    def __init__(self, in_features: int, out_features: int, mask: Tensor, bias: bool = True) -> None:
        super().__init__(in_features, out_features, bias)
        self.register_buffer("mask", mask)

    def forward(self, input: Tensor) -> Tensor:  # torch's name for it
        """The layer's output."""
        return nn.functional.linear(input, self.weight * self.mask, self.bias)


class ConditionalAutoRegressiveNN(nn.Module):
    """An autoregressive network of an input and a context; see the module's text.

    Args:
        input_dim: number of variables.
        context_dim: size of the context.
        hidden_dims: sizes of the hidden layers, none less than ``input_dim``.
        param_dims: sizes of the parameters that it returns for each variable.
        permutation: the order of the variables; drawn at random by default.
        skip_connections: whether weights skip from the input to the output.
        nonlinearity: what is applied between two layers.

    Raises:
        ValueError: if a hidden layer is too small.

    Shape:
        Of the input ``batch_shape + (input_dim,)``, of the context ``batch_shape + (context_dim,)``, of a parameter of
        size n ``batch_shape + (n, input_dim)``; if all are of size 1, ``batch_shape + (input_dim,)``. The batch shapes
        of input and context broadcast.

    Example:
        >>> net = ConditionalAutoRegressiveNN(3, 2, [5], param_dims=[1, 4])
        >>> [parameter.shape for parameter in net(torch.zeros(7, 3), torch.zeros(2))]
        [torch.Size([7, 1, 3]), torch.Size([7, 4, 3])]
    """

    permutation: Tensor

    def __init__(
        self,
        input_dim: int,
        context_dim: int,
        hidden_dims: Sequence[int],
        param_dims: Sequence[int] = ONE_EACH,
        permutation: Tensor | None = None,
        skip_connections: bool = False,
        nonlinearity: Callable[[Tensor], Tensor] = relu,
    ) -> None:
        super().__init__()
        if input_dim == 1:
            warnings.warn(f"{type(self).__name__} got input_dim = 1: a single variable has no predecessors to depend "
                          "on. Consider an affine transform instead.", stacklevel=2)
        if any(size < input_dim for size in hidden_dims):
            raise ValueError(f"{type(self).__name__}: expected hidden_dims of at least input_dim = {input_dim}, got "
                             f"{list(hidden_dims)}. With fewer units a variable would lose its predecessors.")
        self.input_dim, self.context_dim, self.hidden_dims = input_dim, context_dim, hidden_dims
        self.param_dims, self.count_params, self.output_multiplier = param_dims, len(param_dims), sum(param_dims)
        order = torch.randperm(input_dim) if permutation is None else permutation.long()
        self.register_buffer("permutation", order)

        masks, skip_mask = create_mask(input_dim, context_dim, hidden_dims, order, self.output_multiplier)
        self.layers = nn.ModuleList(MaskedLinear(mask.size(1), mask.size(0), mask) for mask in masks)
        self.skip_layer: MaskedLinear | None = None
        if skip_connections:
            self.skip_layer = MaskedLinear(skip_mask.size(1), skip_mask.size(0), skip_mask, bias=False)
        self.f = nonlinearity

    def get_permutation(self) -> Tensor:
        """The order of the variables."""
        return self.permutation

    def forward(self, x: Tensor, context: Tensor | None = None) -> Parameters:
        """The parameters for an input and a context; there is none where ``context_dim`` is zero."""
        inputs = x if context is None else broadcast_with_context(context, x)
        *hidden, last = self.layers
        h: Tensor = inputs
        for layer in hidden:
            h = self.f(layer(h))
        h = last(h)
        if self.skip_layer is not None:
            h = h + self.skip_layer(inputs)
        parameters: Tensor = h.unflatten(-1, (self.output_multiplier, self.input_dim))
        if self.output_multiplier == self.count_params:
            return parameters.squeeze(-2) if self.count_params == 1 else parameters.unbind(-2)
        return split_parameters(parameters, self.param_dims, -2)


class AutoRegressiveNN(ConditionalAutoRegressiveNN):
    """An autoregressive network without a context; see the module's text.

    Args:
        input_dim: number of variables.
        hidden_dims: sizes of the hidden layers, none less than ``input_dim``.
        param_dims: sizes of the parameters that it returns for each variable.
        permutation: the order of the variables; drawn at random by default.
        skip_connections: whether weights skip from the input to the output.
        nonlinearity: what is applied between two layers.

    Raises:
        ValueError: if a hidden layer is too small.

    Shape:
        Of the input ``batch_shape + (input_dim,)``, of a parameter of size n ``batch_shape + (n, input_dim)``; if all
        are of size 1, ``batch_shape + (input_dim,)``.

    Example:
        >>> mean, scale = AutoRegressiveNN(3, [5])(torch.zeros(7, 3))
        >>> mean.shape
        torch.Size([7, 3])
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dims: Sequence[int],
        param_dims: Sequence[int] = ONE_EACH,
        permutation: Tensor | None = None,
        skip_connections: bool = False,
        nonlinearity: Callable[[Tensor], Tensor] = relu,
    ) -> None:
        super().__init__(input_dim, 0, hidden_dims, param_dims, permutation, skip_connections, nonlinearity)
