"""Fully connected networks with several outputs, with and without a context beside the input.

A network ends in one vector, cut into parameters of the sizes ``param_dims``: a tuple of tensors, or a single tensor
where there is a single parameter. Between two layers stands the nonlinearity.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

__all__ = ["ConditionalDenseNN", "DenseNN", "Parameters", "broadcast_with_context", "relu", "split_parameters"]

Parameters = Tensor | tuple[Tensor, ...]

ONE_EACH = [1, 1]
relu = nn.ReLU()


def broadcast_with_context(context: Tensor, x: Tensor) -> Tensor:
    """Joins a context and an input along the last dimension, after broadcasting all others."""
    batch_shape = torch.broadcast_shapes(context.shape[:-1], x.shape[:-1])
    return torch.cat([context.expand(*batch_shape, -1), x.expand(*batch_shape, -1)], -1)


def split_parameters(values: Tensor, param_dims: Sequence[int], dim: int) -> Parameters:
    """Cuts a dimension into parameters of the given sizes; a single one is not put in a tuple."""
    return values if len(param_dims) == 1 else values.split(list(param_dims), dim)


class ConditionalDenseNN(nn.Module):
    """A fully connected network of an input and a context.

    Args:
        input_dim: size of the input.
        context_dim: size of the context.
        hidden_dims: sizes of the hidden layers.
        param_dims: sizes of the parameters that it returns.
        nonlinearity: what is applied between two layers.

    Shape:
        Of the input ``batch_shape + (input_dim,)``, of the context ``batch_shape + (context_dim,)``, of a parameter of
        size n ``batch_shape + (n,)``. The batch shapes of input and context broadcast.

    Example:
        >>> net = ConditionalDenseNN(3, 2, [5], param_dims=[1, 4])
        >>> [parameter.shape for parameter in net(torch.zeros(7, 3), torch.zeros(2))]
        [torch.Size([7, 1]), torch.Size([7, 4])]
    """

    def __init__(
        self,
        input_dim: int,
        context_dim: int,
        hidden_dims: Sequence[int],
        param_dims: Sequence[int] = ONE_EACH,
        nonlinearity: Callable[[Tensor], Tensor] = relu,
    ) -> None:
        super().__init__()
        self.input_dim, self.context_dim, self.hidden_dims = input_dim, context_dim, hidden_dims
        self.param_dims, self.count_params, self.output_multiplier = param_dims, len(param_dims), sum(param_dims)
        sizes = [input_dim + context_dim, *hidden_dims, self.output_multiplier]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes[:-1], sizes[1:], strict=True))
        self.f = nonlinearity

    def forward(self, x: Tensor, context: Tensor) -> Parameters:
        """The parameters for an input and a context."""
        return self._parameters_from(broadcast_with_context(context, x))

    def _parameters_from(self, h: Tensor) -> Parameters:
        *hidden, last = self.layers
        for layer in hidden:
            h = self.f(layer(h))
        return split_parameters(last(h), self.param_dims, -1)


class DenseNN(ConditionalDenseNN):
    """A fully connected network.

    Args:
        input_dim: size of the input.
        hidden_dims: sizes of the hidden layers.
        param_dims: sizes of the parameters that it returns.
        nonlinearity: what is applied between two layers.

    Shape:
        Of the input ``batch_shape + (input_dim,)``, of a parameter of size n ``batch_shape + (n,)``.

    Example:
        >>> DenseNN(3, [5], param_dims=[4])(torch.zeros(7, 3)).shape
        torch.Size([7, 4])
    """

    def __init__(
        self,
        input_dim: int,
        hidden_dims: Sequence[int],
        param_dims: Sequence[int] = ONE_EACH,
        nonlinearity: Callable[[Tensor], Tensor] = relu,
    ) -> None:
        super().__init__(input_dim, 0, hidden_dims, param_dims, nonlinearity)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Parameters:
        """The parameters for an input; there is no context, and none is read."""
        return self._parameters_from(x)
