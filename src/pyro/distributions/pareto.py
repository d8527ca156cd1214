"""Pareto distribution: a power law above a smallest value."""

import torch
from torch import Tensor

from pyro.distributions.exponential import Exponential
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Pareto"]


class Pareto(Validated, torch.distributions.Pareto, TorchDistributionMixin):
    r"""Pareto distribution.

    .. math::
        p(x) = \alpha m^\alpha x^{-\alpha - 1}

    Args:
        scale: smallest value :math:`m > 0`.
        alpha: tail index :math:`\alpha > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        from ``scale`` upwards.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 20.

    Example:
        >>> Pareto(1.0, 3.0).mean
        tensor(1.5000)
    """

    has_rsample = True

    def __init__(
        self, scale: Tensor | float, alpha: Tensor | float, validate_args: bool | None = None
    ) -> None:
        super().__init__(scale, alpha, validate_args=validate_args)
        # Ours instead of torch's, so that a handler can sample it as a site of its own.
        self.base_dist = Exponential(self.alpha, validate_args=False)
