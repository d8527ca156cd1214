"""Half-Cauchy distribution: the absolute value of a centred Cauchy."""

import torch
from torch import Tensor

from pyro.distributions.cauchy import Cauchy
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["HalfCauchy"]


class HalfCauchy(Validated, torch.distributions.HalfCauchy, TorchDistributionMixin):
    r"""Half-Cauchy distribution.

    .. math::
        p(x) = \frac{2}{\pi \sigma (1 + (x / \sigma)^2)}

    Args:
        scale: median :math:`\sigma > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative reals.

    References:
        A. Gelman (2006), Prior distributions for variance parameters in hierarchical models, Bayesian
        Analysis 1(3).

    Example:
        >>> HalfCauchy(1.0).cdf(torch.tensor(1.0))
        tensor(0.5000)
    """

    def __init__(self, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(scale, validate_args=validate_args)
        # Ours instead of torch's, so that a handler can sample it as a site of its own.
        self.base_dist = Cauchy(0.0, self.base_dist.scale, validate_args=False)
