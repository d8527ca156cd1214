"""The radial flow."""

from math import sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.conditioned import ByNetwork, Given
from pyro.distributions.transforms.flow import Flow
from pyro.ops.dense_nn import DenseNN

__all__ = ["ConditionalRadial", "ConditionedRadial", "Radial", "conditional_radial", "radial"]


class ConditionedRadial(Given):
    r"""Moves points towards a centre or away from it.

    .. math::
        y = x + \frac{\beta}{\alpha + r} (x - x_0), \quad r = \|x - x_0\|, \qquad
        |\det J| = \Big(1 + \frac{\beta}{\alpha + r}\Big)^{D - 1} \Big(1 + \frac{\alpha \beta}{(\alpha + r)^2}\Big)

    with :math:`\alpha = \log(1 + e^{\alpha'})` and :math:`\beta = -\alpha + \log(1 + e^{\beta'})`, for which the map is
    one to one. Its inverse solves a quadratic equation for r.

    Args:
        params: :math:`x_0`, :math:`\alpha'` and :math:`\beta'`.

    References:
        D. J. Rezende, S. Mohamed (2015), "Variational inference with normalizing flows", ICML.
    """

    domain = codomain = constraints.real_vector

    def u_hat(self, u: Tensor, w: Tensor) -> Tensor:
        """The strength closest to u for which the map is one to one, -w + softplus(u)."""
        return softplus(u) - w

    def _constrained(self) -> tuple[Tensor, ...]:
        centre, raw_alpha, raw_beta = self._params()
        alpha = softplus(raw_alpha)
        return centre, alpha, self.u_hat(raw_beta, alpha)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        centre, alpha, beta = self._constrained()
        away = x - centre
        reach = alpha + torch.linalg.vector_norm(away, dim=-1, keepdim=True)
        pull = beta / reach
        return x + pull * away, _log_det(x.shape[-1], pull, alpha, reach)

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        centre, alpha, beta = self._constrained()
        away = y - centre
        distance: Tensor = torch.linalg.vector_norm(away, dim=-1, keepdim=True)
        # r + beta r / (alpha + r) = distance, where alpha + beta > 0
        excess = alpha + beta - distance
        root = (excess.square() + 4 * alpha * distance).sqrt()
        radius = torch.where(excess > 0, 2 * alpha * distance / (root + excess.abs()), (root + excess.abs()) / 2)
        reach = alpha + radius
        pull = beta / reach
        return centre + away / (1 + pull), _log_det(y.shape[-1], pull, alpha, reach)


def _log_det(dim: int, pull: Tensor, alpha: Tensor, reach: Tensor) -> Tensor:
    return ((dim - 1) * pull.log1p() + (pull * alpha / reach).log1p()).squeeze(-1)


class Radial(ConditionedRadial, TransformModule):
    """A :class:`ConditionedRadial` with parameters to be learnt.

    Args:
        input_dim: number of variables.

    Example:
        >>> Radial(3)(torch.zeros(5, 3)).shape
        torch.Size([5, 3])
    """

    def __init__(self, input_dim: int) -> None:
        Flow.__init__(self)  # nothing is given
        self.x0 = nn.Parameter(torch.empty(input_dim))
        self.alpha_prime = nn.Parameter(torch.empty(1))
        self.beta_prime = nn.Parameter(torch.empty(1))
        self.input_dim = input_dim
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draws new parameters at random."""
        limit = 1 / sqrt(self.x0.numel())
        for parameter in self._params():
            nn.init.uniform_(parameter, -limit, limit)

    def _params(self) -> tuple[Tensor, ...]:
        return self.x0, self.alpha_prime, self.beta_prime


class ConditionalRadial(ByNetwork):
    r"""A :class:`ConditionedRadial` whose parameters a network computes from the context.

    Args:
        nn: returns :math:`x_0`, :math:`\alpha'` and :math:`\beta'`.
    """

    _flow = ConditionedRadial


def radial(input_dim: int) -> Radial:
    """A :class:`Radial`."""
    return Radial(input_dim)


def conditional_radial(input_dim: int, context_dim: int, hidden_dims: list[int] | None = None) -> ConditionalRadial:
    """A :class:`ConditionalRadial` with a network.

    Args:
        input_dim: number of variables.
        context_dim: size of the context.
        hidden_dims: sizes of the network's hidden layers, ``[10 * input_dim] * 2`` by default.

    Returns:
        The conditional flow.
    """
    return ConditionalRadial(DenseNN(context_dim, hidden_dims or [10 * input_dim] * 2, [input_dim, 1, 1]))
