"""Gumbel distribution: the largest of many draws from a light tail."""

from typing import Any

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.uniform import Uniform
from pyro.distributions.validated import Validated

__all__ = ["Gumbel"]


class Gumbel(Validated, torch.distributions.Gumbel, TorchDistributionMixin):
    r"""Gumbel distribution.

    .. math::
        p(x) = \frac{1}{\sigma} e^{-z - e^{-z}}, \quad z = (x - \mu) / \sigma

    Args:
        loc: mode :math:`\mu`, real.
        scale: scale :math:`\sigma > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 22.

    Example:
        >>> Gumbel(0.0, 1.0).log_prob(torch.tensor(0.0))
        tensor(-1.)
    """

    has_rsample = True

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)
        assert isinstance(self.base_dist, torch.distributions.Uniform)
        # Ours instead of torch's, so that a handler can sample it as a site of its own.
        self.base_dist = Uniform(self.base_dist.low, self.base_dist.high, validate_args=False)

    def __getstate__(self) -> dict[str, Any]:
        """Leaves out the transforms: copies of inverted ones lose what they invert."""
        return {name: value for name, value in self.__dict__.items() if name != "transforms"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.transforms = torch.distributions.Gumbel(self.loc, self.scale, validate_args=False).transforms
