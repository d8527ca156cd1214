"""Transform onto the unit ball of the sum of absolute values."""

import math

import torch
from torch import Tensor
from torch.distributions.transforms import Transform
from torch.nn.functional import softplus

from pyro.distributions import constraints

__all__ = ["L1BallTransform"]


class L1BallTransform(Transform):
    r"""Maps vectors to those whose absolute values sum to less than one, each taking its share of what is left.

    .. math::
        y_i = r_i \tanh x_i, \qquad r_i = 1 - \sum_{j < i} |y_j| = \prod_{j < i} (1 - \tanh |x_j|), \qquad
        \log |\det J| = \sum_i \log (r_i \operatorname{sech}^2 x_i)

    Example:
        >>> L1BallTransform()(torch.tensor([0.5493, -20.0, 1.0]))
        tensor([ 0.5000, -0.5000,  0.0000])
    """

    domain = constraints.real_vector
    codomain = constraints.l1_ball
    bijective = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, L1BallTransform)

    def _call(self, x: Tensor) -> Tensor:
        return self._log_left(x).exp() * x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        left = 1 - y.abs().cumsum(-1) + y.abs()
        bound = 1 - torch.finfo(y.dtype).eps  # of the hyperbolic tangent, so that points of the boundary stay finite
        return (y / left.clamp(min=torch.finfo(y.dtype).tiny)).clamp(-bound, bound).atanh()

    def _log_left(self, x: Tensor) -> Tensor:
        """The logarithm of what is left for each element: 1 - tanh|x| = 2 / (1 + e^(2|x|))."""
        log_left = math.log(2) - softplus(2 * x.abs())
        return log_left.cumsum(-1) - log_left

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the absolute determinant of the Jacobian."""
        log_slope = 2 * (math.log(2) - x.abs() - softplus(-2 * x.abs()))
        return (self._log_left(x) + log_slope).sum(-1)
