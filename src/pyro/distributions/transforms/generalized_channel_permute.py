"""Mixing of an image's channels, as in Glow: a convolution with kernels of one pixel."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from pyro.distributions import constraints
from pyro.distributions.conditional import ConditionalTransformModule
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.flow import Flow
from pyro.distributions.util import eye_like
from pyro.ops.dense_nn import DenseNN

__all__ = ["ConditionalGeneralizedChannelPermute", "ConditionedGeneralizedChannelPermute",
           "GeneralizedChannelPermute", "conditional_generalized_channel_permute", "generalized_channel_permute"]

_IMAGE = constraints.independent(constraints.real, 3)


def _permutation_matrix(permutation: Tensor, channels: int) -> Tensor:
    if permutation.shape != (channels,):
        raise ValueError(f"Expected a 'permutation' of {channels} channels, got one of shape "
                         f"{tuple(permutation.shape)}.")
    return torch.eye(channels, device=permutation.device)[permutation]


class ConditionedGeneralizedChannelPermute(Flow):
    r"""Multiplies the channels at each pixel by a matrix.

    .. math::
        y_{\cdot hw} = P L U x_{\cdot hw}, \qquad \log |\det J| = H W \sum_c \log |U_{cc}|

    Args:
        permutation: the permutation matrix P.
        LU: the lower triangular L, whose diagonal is one, and the upper triangular U, in one matrix.

    Shape:
        Of an image, ``(channels, height, width)``.

    References:
        D. P. Kingma, P. Dhariwal (2018), "Glow: generative flow with invertible 1x1 convolutions", NeurIPS.
    """

    domain = codomain = _IMAGE
    permutation: Tensor
    LU: Tensor

    def __init__(self, permutation: Tensor | None = None, LU: Tensor | None = None) -> None:
        super().__init__()
        if permutation is not None:
            self.permutation = permutation
        if LU is not None:
            self.LU = LU

    @property
    def U_diag(self) -> Tensor:
        """The diagonal of U."""
        return self.LU.diagonal(dim1=-2, dim2=-1)

    @property
    def L(self) -> Tensor:
        """The lower triangular matrix."""
        return self.LU.tril(-1) + eye_like(self.LU, self.LU.size(-1))

    @property
    def U(self) -> Tensor:
        """The upper triangular matrix."""
        return self.LU.triu()

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y = (self.permutation @ self.L @ self.U @ x.flatten(-2)).unflatten(-1, x.shape[-2:])
        return y, self._log_det(y)

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        lower = torch.linalg.solve_triangular(self.L, self.permutation.mT @ y.flatten(-2), upper=False,
                                              unitriangular=True)
        x = torch.linalg.solve_triangular(self.U, lower, upper=True).unflatten(-1, y.shape[-2:])
        return x, self._log_det(x)

    def _log_det(self, image: Tensor) -> Tensor:
        pixels = image.size(-1) * image.size(-2)
        return (pixels * self.U_diag.abs().log().sum(-1)).expand(image.shape[:-3])


class GeneralizedChannelPermute(ConditionedGeneralizedChannelPermute, TransformModule):
    """A :class:`ConditionedGeneralizedChannelPermute` with L and U to be learnt; at first, the matrix is orthogonal.

    Args:
        channels: number of channels.
        permutation: the order of the channels that P makes; by default that of the first matrix.

    Raises:
        ValueError: if the permutation is of another number of channels.

    Example:
        >>> GeneralizedChannelPermute(3)(torch.zeros(3, 4, 5)).shape
        torch.Size([3, 4, 5])
    """

    def __init__(self, channels: int = 3, permutation: Tensor | None = None) -> None:
        super().__init__()
        orthogonal = nn.init.orthogonal_(torch.empty(channels, channels))
        own, lower, upper = torch.linalg.lu(orthogonal)
        matrix = own if permutation is None else _permutation_matrix(permutation, channels)
        self.LU = nn.Parameter(lower.tril(-1) + upper)
        self.register_buffer("permutation", matrix)


class ConditionalGeneralizedChannelPermute(ConditionalTransformModule):
    """A :class:`ConditionedGeneralizedChannelPermute` whose L and U a network computes from the context.

    Args:
        nn: returns the entries of L and U.
        channels: number of channels.
        permutation: the order of the channels that P makes; drawn at random by default.

    Raises:
        ValueError: if the permutation is of another number of channels.
    """

    domain = codomain = _IMAGE
    bijective = True
    permutation: Tensor

    def __init__(
        self, nn: Callable[[Tensor], Tensor], channels: int = 3, permutation: Tensor | None = None
    ) -> None:
        super().__init__()
        self.nn = nn
        self.channels = channels
        order = torch.randperm(channels) if permutation is None else permutation
        self.register_buffer("permutation", _permutation_matrix(order, channels))

    def condition(self, context: Tensor) -> ConditionedGeneralizedChannelPermute:
        """The flow given a context."""
        LU = self.nn(context).unflatten(-1, (self.channels, self.channels))
        return ConditionedGeneralizedChannelPermute(self.permutation, LU)


def generalized_channel_permute(**kwargs: Any) -> GeneralizedChannelPermute:
    """A :class:`GeneralizedChannelPermute`.

    Args:
        **kwargs: passed to :class:`GeneralizedChannelPermute`.

    Returns:
        The flow.
    """
    return GeneralizedChannelPermute(**kwargs)


def conditional_generalized_channel_permute(
    context_dim: int, channels: int = 3, hidden_dims: list[int] | None = None
) -> ConditionalGeneralizedChannelPermute:
    """A :class:`ConditionalGeneralizedChannelPermute` with a network.

    Args:
        context_dim: size of the context.
        channels: number of channels.
        hidden_dims: sizes of the network's hidden layers, ``[10 * channels] * 2`` by default.

    Returns:
        The conditional flow.
    """
    nn = DenseNN(context_dim, hidden_dims or [10 * channels] * 2, [channels * channels])
    return ConditionalGeneralizedChannelPermute(nn, channels)
