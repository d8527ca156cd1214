"""The planar flow."""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.conditioned import ByNetwork, Given
from pyro.distributions.transforms.flow import Flow
from pyro.ops.dense_nn import DenseNN

__all__ = ["ConditionalPlanar", "ConditionedPlanar", "Planar", "conditional_planar", "planar"]


class ConditionedPlanar(Given):
    r"""Bends the space along the normal of a plane.

    .. math::
        y = x + \hat u \tanh(w^\top x + b), \qquad |\det J| = 1 + w^\top \hat u \, (1 - \tanh^2(w^\top x + b))

    with :math:`\hat u = u + (\log(1 + e^{w^\top u}) - 1 - w^\top u) \, w / \|w\|^2`, for which the map is one to one.
    Its inverse has no closed form.

    Args:
        params: b, u and w.

    References:
        D. J. Rezende, S. Mohamed (2015), "Variational inference with normalizing flows", ICML.
    """

    domain = codomain = constraints.real_vector
    _no_inverse = KeyError

    def u_hat(self, u: Tensor, w: Tensor) -> Tensor:
        """The u closest to the given one, along w, for which the map is one to one."""
        along = (u * w).sum(-1, keepdim=True)
        return u + (softplus(along) - 1 - along) * w / w.square().sum(-1, keepdim=True)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        b, u, w = self._params()
        bent = torch.tanh((x * w).sum(-1, keepdim=True) + b)
        # the product of w and u_hat, plus one; with it the determinant is a sum of positive terms
        lifted = softplus((u * w).sum(-1, keepdim=True))
        determinant = bent.square() + (1 - bent.square()) * lifted
        return x + self.u_hat(u, w) * bent, determinant.log().squeeze(-1)


class Planar(ConditionedPlanar, TransformModule):
    """A :class:`ConditionedPlanar` with parameters to be learnt.

    Args:
        input_dim: number of variables.

    Example:
        >>> Planar(3)(torch.zeros(5, 3)).shape
        torch.Size([5, 3])
    """

    def __init__(self, input_dim: int) -> None:
        Flow.__init__(self)  # nothing is given
        self.bias = nn.Parameter(torch.zeros(1))
        self.u = nn.Parameter(torch.empty(input_dim))
        self.w = nn.Parameter(torch.empty(input_dim))
        self.input_dim = input_dim
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws new parameters at random."""
        limit = 1 / sqrt(self.u.numel())
        nn.init.uniform_(self.u, -limit, limit)
        nn.init.uniform_(self.w, -limit, limit)
        nn.init.zeros_(self.bias)

    def _params(self) -> tuple[Tensor, ...]:
        return self.bias, self.u, self.w


class ConditionalPlanar(ByNetwork):
    """A :class:`ConditionedPlanar` whose parameters a network computes from the context.

    Args:
        nn: returns b, u and w.
    """

    _flow = ConditionedPlanar


def planar(input_dim: int) -> Planar:
    """A :class:`Planar`."""
    return Planar(input_dim)


def conditional_planar(input_dim: int, context_dim: int, hidden_dims: list[int] | None = None) -> ConditionalPlanar:
    """A :class:`ConditionalPlanar` with a network.

    Args:
        input_dim: number of variables.
        context_dim: size of the context.
        hidden_dims: sizes of the network's hidden layers, ``[10 * input_dim] * 2`` by default.

    Returns:
        The conditional flow.
    """
    return ConditionalPlanar(DenseNN(context_dim, hidden_dims or [10 * input_dim] * 2, [1, input_dim, input_dim]))
