"""The affine coupling layer, of Real NVP."""

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.conditional import ConditionalTransformModule
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.along_dim import EventFromDim, check_dim
from pyro.distributions.transforms.flow import Flow
from pyro.distributions.transforms.utils import clamp_preserve_gradients
from pyro.ops.dense_nn import ConditionalDenseNN, DenseNN

__all__ = ["AffineCoupling", "ConditionalAffineCoupling", "affine_coupling", "conditional_affine_coupling"]


class AffineCoupling(EventFromDim, Flow, TransformModule):
    r"""Shifts and scales one part of the variables by what a network computes from the other part.

    .. math::
        y_1 = x_1, \qquad y_2 = \mu(x_1) + e^{s(x_1)} x_2, \qquad \log |\det J| = \sum_i s_i

    The map and its inverse take one pass through the network each.

    Args:
        split_dim: size of the first part along ``dim``.
        hypernet: returns :math:`\mu` and s, as vectors, from the first part as a vector.
        dim: the dimension that is split, negative; it and those to its right are the event.
        log_scale_min_clip: least s.
        log_scale_max_clip: greatest s.

    Raises:
        ValueError: if ``dim`` is not negative.

    References:
        L. Dinh, J. Sohl-Dickstein, S. Bengio (2017), "Density estimation using Real NVP", ICLR.

    Example:
        >>> flow = AffineCoupling(1, DenseNN(1, [10], [2, 2]))
        >>> x = torch.zeros(5, 3)
        >>> bool((flow(x)[:, 0] == x[:, 0]).all())
        True
    """

    def __init__(
        self,
        split_dim: int,
        hypernet: Callable[[Tensor], tuple[Tensor, Tensor]],
        *,
        dim: int = -1,
        log_scale_min_clip: float = -5.0,
        log_scale_max_clip: float = 3.0,
    ) -> None:
        super().__init__()
        self.split_dim = split_dim
        self.nn: Any = hypernet
        self.dim = check_dim("AffineCoupling", dim)
        self.log_scale_min_clip = log_scale_min_clip
        self.log_scale_max_clip = log_scale_max_clip

    def _parts(self, value: Tensor) -> tuple[Tensor, Tensor]:
        first, second = value.split([self.split_dim, value.size(self.dim) - self.split_dim], dim=self.dim)
        return first, second

    def _affine(self, first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        """The shift and the logarithm of the scale of the second part."""
        shift, log_scale = self.nn(first.flatten(self.dim))
        event_shape = second.shape[self.dim :]
        log_scale = clamp_preserve_gradients(log_scale, self.log_scale_min_clip, self.log_scale_max_clip)
        return shift.unflatten(-1, event_shape), log_scale.unflatten(-1, event_shape)

    def _join(self, first: Tensor, second: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
        batch_shape = second.shape[: self.dim]  # a batch of contexts may have made it larger
        first = first.expand(*batch_shape, *first.shape[self.dim :])
        return torch.cat([first, second], self.dim), log_scale.flatten(self.dim).sum(-1)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first, second = self._parts(x)
        shift, log_scale = self._affine(first, second)
        return self._join(first, shift + log_scale.exp() * second, log_scale)

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        first, second = self._parts(y)
        shift, log_scale = self._affine(first, second)
        return self._join(first, (second - shift) * (-log_scale).exp(), log_scale)


class ConditionalAffineCoupling(EventFromDim, ConditionalTransformModule):
    """An :class:`AffineCoupling` whose network reads a context too.

    Args:
        split_dim: size of the first part.
        hypernet: a :class:`~pyro.nn.ConditionalDenseNN`.
        **kwargs: passed to :class:`AffineCoupling`.
    """

    bijective = True

    def __init__(self, split_dim: int, hypernet: ConditionalDenseNN, **kwargs: Any) -> None:
        super().__init__()
        self.split_dim = split_dim
        self.nn = hypernet
        self.dim = kwargs.get("dim", -1)
        self.kwargs = kwargs

    def condition(self, context: Tensor) -> AffineCoupling:
        """The flow given a context."""
        return AffineCoupling(self.split_dim, partial(self.nn, context=context), **self.kwargs)


def _sizes(input_dim: int | Sequence[int], split_dim: int | None, dim: int) -> tuple[int, int, int, int]:
    """The size of the split, and those of the network's input, default hidden layer and parameters."""
    check_dim("affine_coupling", dim)
    event_shape = [input_dim] if isinstance(input_dim, int) else list(input_dim)
    if len(event_shape) != -dim:
        raise ValueError(f"affine_coupling: expected an event shape of {-dim} dimensions for dim={dim}, got "
                         f"{event_shape} as input_dim.")
    split_dim = event_shape[0] // 2 if split_dim is None else split_dim
    width = prod(event_shape[1:])
    return split_dim, split_dim * width, 10 * prod(event_shape), (event_shape[0] - split_dim) * width


def affine_coupling(
    input_dim: int | Sequence[int],
    hidden_dims: list[int] | None = None,
    split_dim: int | None = None,
    dim: int = -1,
    **kwargs: Any,
) -> AffineCoupling:
    """An :class:`AffineCoupling` with a network.

    Args:
        input_dim: number of variables, or the event's shape, with -dim dimensions.
        hidden_dims: sizes of the network's hidden layers, ten times the number of variables by default.
        split_dim: size of the first part, one half by default.
        dim: the dimension that is split, negative.
        **kwargs: passed to :class:`AffineCoupling`.

    Returns:
        The flow.

    Raises:
        ValueError: if the event's shape has another number of dimensions.
    """
    split_dim, first, hidden, second = _sizes(input_dim, split_dim, dim)
    return AffineCoupling(split_dim, DenseNN(first, hidden_dims or [hidden], [second, second]), dim=dim, **kwargs)


def conditional_affine_coupling(
    input_dim: int | Sequence[int],
    context_dim: int,
    hidden_dims: list[int] | None = None,
    split_dim: int | None = None,
    dim: int = -1,
    **kwargs: Any,
) -> ConditionalAffineCoupling:
    """A :class:`ConditionalAffineCoupling` with a network.

    Args:
        input_dim: number of variables, or the event's shape, with -dim dimensions.
        context_dim: size of the context.
        hidden_dims: sizes of the network's hidden layers, ten times the number of variables by default.
        split_dim: size of the first part, one half by default.
        dim: the dimension that is split, negative.
        **kwargs: passed to :class:`AffineCoupling`.

    Returns:
        The conditional flow.

    Raises:
        ValueError: if the event's shape has another number of dimensions.
    """
    split_dim, first, hidden, second = _sizes(input_dim, split_dim, dim)
    nn = ConditionalDenseNN(first, context_dim, hidden_dims or [hidden], [second, second])
    return ConditionalAffineCoupling(split_dim, nn, dim=dim, **kwargs)
