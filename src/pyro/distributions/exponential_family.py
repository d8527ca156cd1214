"""Base class of exponential families, for which torch derives entropies and divergences."""

import torch
from torch import Size

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Validated, torch.distributions.ExponentialFamily, TorchDistributionMixin):
    r"""Base class of distributions with a density of this form; subclasses define its parts.

    .. math::
        p(x; \theta) = \exp(\langle t(x), \theta \rangle - F(\theta) + k(x))

    Args:
        batch_shape: shape of independent distributions.
        event_shape: shape of a single draw.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        as given.

    Support:
        the subclass's.

    References:
        F. Nielsen, R. Nock (2010), Entropies and cross-entropies of exponential families, ICIP.

    Example:
        >>> ExponentialFamily.has_rsample
        False
    """

    arg_constraints = {}

    def __init__(
        self, batch_shape: Size = Size(), event_shape: Size = Size(), validate_args: bool | None = None
    ) -> None:
        super().__init__(batch_shape, event_shape, validate_args=validate_args)
