"""Transform onto strictly increasing vectors."""

from typing import Any

import torch
from torch import Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints

__all__ = ["OrderedTransform"]


class OrderedTransform(Transform):
    r"""Maps vectors to strictly increasing ones, with positive steps :math:`\exp(x_k)`.

    .. math::
        y_1 = x_1, \qquad y_k = y_{k-1} + e^{x_k}, \qquad \log |\det J| = \sum_{k \ge 2} x_k

    Example:
        >>> OrderedTransform()(torch.zeros(3))
        tensor([0., 1., 2.])
    """

    domain = constraints.real_vector
    codomain = constraints.ordered_vector
    bijective = True
    sign = +1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OrderedTransform)

    def _call(self, x: Tensor) -> Tensor:
        return torch.cat([x[..., :1], x[..., 1:].exp()], -1).cumsum(-1)

    def _inverse(self, y: Tensor) -> Tensor:
        return torch.cat([y[..., :1], y.diff(dim=-1).log()], -1)

    def log_abs_det_jacobian(self, x: Tensor, y: Any) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian."""
        return x[..., 1:].sum(-1)
