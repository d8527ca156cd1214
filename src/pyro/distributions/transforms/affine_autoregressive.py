"""The affine autoregressive flow, also known as inverse autoregressive flow."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.autoregressive import ConditionalAutoregressive, invert_in_order
from pyro.distributions.transforms.flow import Flow
from pyro.distributions.transforms.utils import clamp_preserve_gradients
from pyro.ops.auto_reg_nn import AutoRegressiveNN, ConditionalAutoRegressiveNN

__all__ = ["AffineAutoregressive", "ConditionalAffineAutoregressive", "affine_autoregressive",
           "conditional_affine_autoregressive"]


class AffineAutoregressive(Flow, TransformModule):
    r"""Shifts and scales each variable by what a network computes from the variables before it.

    .. math::
        y_i = \mu_i(x_{<i}) + e^{s_i(x_{<i})} x_i, \qquad \log |\det J| = \sum_i s_i

    The stable form keeps the scale in (0, 1), :math:`y_i = (1 - g_i) \mu_i + g_i x_i` with
    :math:`g_i = \operatorname{sigmoid}(s_i + b)`. The map takes one pass through the network, its inverse one for each
    variable.

    Args:
        autoregressive_nn: returns :math:`\mu` and s; it has the order of the variables as ``permutation``.
        log_scale_min_clip: least s.
        log_scale_max_clip: greatest s.
        sigmoid_bias: b of the stable form.
        stable: whether to use the stable form.

    References:
        D. P. Kingma et al. (2016), "Improved variational inference with inverse autoregressive flow", NeurIPS.

    Example:
        >>> flow = AffineAutoregressive(AutoRegressiveNN(3, [10]))
        >>> flow(torch.zeros(5, 3)).shape
        torch.Size([5, 3])
    """

    domain = codomain = constraints.real_vector
    sign = +1
    autoregressive = True

    def __init__(
        self,
        autoregressive_nn: Callable[[Tensor], tuple[Tensor, Tensor]],
        log_scale_min_clip: float = -5.0,
        log_scale_max_clip: float = 3.0,
        sigmoid_bias: float = 2.0,
        stable: bool = False,
    ) -> None:
        super().__init__()
        self.arn: Any = autoregressive_nn
        self.log_scale_min_clip = log_scale_min_clip
        self.log_scale_max_clip = log_scale_max_clip
        self.sigmoid_bias = sigmoid_bias
        self.stable = stable

    def _affine(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The shift and the logarithm of the scale of each variable."""
        mean, raw = self.arn(x)
        if not self.stable:
            return mean, clamp_preserve_gradients(raw, self.log_scale_min_clip, self.log_scale_max_clip)
        logit = raw + self.sigmoid_bias
        return mean * torch.sigmoid(-logit), logsigmoid(logit)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        shift, log_scale = self._affine(x)
        return shift + log_scale.exp() * x, log_scale.sum(-1)

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        def solve(x: Tensor) -> tuple[Tensor, Tensor]:
            shift, log_scale = self._affine(x)
            return (y - shift) * (-log_scale).exp(), log_scale

        x, log_scale = invert_in_order(y, self.arn.permutation, solve)
        return x, log_scale.sum(-1)


class ConditionalAffineAutoregressive(ConditionalAutoregressive):
    """An :class:`AffineAutoregressive` whose network reads a context too.

    Args:
        autoregressive_nn: a :class:`~pyro.nn.ConditionalAutoRegressiveNN`.
        **kwargs: passed to :class:`AffineAutoregressive`.
    """

    _flow = AffineAutoregressive


def affine_autoregressive(input_dim: int, hidden_dims: list[int] | None = None, **kwargs: Any) -> AffineAutoregressive:
    """An :class:`AffineAutoregressive` with a network.

    Args:
        input_dim: number of variables.
        hidden_dims: sizes of the network's hidden layers, ``[3 * input_dim + 1]`` by default.
        **kwargs: passed to :class:`AffineAutoregressive`.

    Returns:
        The flow.
    """
    return AffineAutoregressive(AutoRegressiveNN(input_dim, hidden_dims or [3 * input_dim + 1]), **kwargs)


def conditional_affine_autoregressive(
    input_dim: int, context_dim: int, hidden_dims: list[int] | None = None, **kwargs: Any
) -> ConditionalAffineAutoregressive:
    """A :class:`ConditionalAffineAutoregressive` with a network.

    Args:
        input_dim: number of variables.
        context_dim: size of the context.
        hidden_dims: sizes of the network's hidden layers, ``[10 * input_dim]`` by default.
        **kwargs: passed to :class:`AffineAutoregressive`.

    Returns:
        The conditional flow.
    """
    nn = ConditionalAutoRegressiveNN(input_dim, context_dim, hidden_dims or [10 * input_dim])
    return ConditionalAffineAutoregressive(nn, **kwargs)
