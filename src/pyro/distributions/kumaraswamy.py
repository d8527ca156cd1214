"""Kumaraswamy distribution: Beta's shapes with a closed-form cdf."""

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.uniform import Uniform
from pyro.distributions.validated import Validated

__all__ = ["Kumaraswamy"]


class Kumaraswamy(Validated, torch.distributions.Kumaraswamy, TorchDistributionMixin):
    r"""Kumaraswamy distribution.

    .. math::
        p(x) = a b\, x^{a - 1} (1 - x^a)^{b - 1}

    Args:
        concentration1: first shape :math:`a > 0`.
        concentration0: second shape :math:`b > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the unit interval.

    References:
        M. C. Jones (2009), Kumaraswamy's distribution, Statistical Methodology 6(1).

    Example:
        >>> Kumaraswamy(1.0, 3.0).mean
        tensor(0.2500)
    """

    def __init__(
        self,
        concentration1: Tensor | float,
        concentration0: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(concentration1, concentration0, validate_args=validate_args)
        # Ours instead of torch's, so that a handler can sample it as a site of its own.
        self.base_dist = Uniform(torch.zeros_like(self.concentration1), 1.0, validate_args=False)
