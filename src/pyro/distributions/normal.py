"""Normal (Gaussian) distribution."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Normal"]

_LOG_NORMALIZER = -0.5 * math.log(2 * math.pi)


class Normal(Validated, torch.distributions.Normal, TorchDistributionMixin):
    r"""Normal (Gaussian) distribution.

    .. math::
        p(x) = \frac{1}{\sigma \sqrt{2 \pi}} e^{-(x - \mu)^2 / 2 \sigma^2}

    Args:
        loc: mean :math:`\mu`, real.
        scale: standard deviation :math:`\sigma > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1994), Continuous Univariate Distributions, vol. 1, ch. 13.

    Example:
        >>> Normal(0.0, 1.0).log_prob(torch.tensor(0.0))
        tensor(-0.9189)
    """

    def __init__(self, loc: Tensor | float, scale: Tensor | float, validate_args: bool | None = None) -> None:
        super().__init__(loc, scale, validate_args=validate_args)

    # Torch's methods compute the same by nine operations and by two; each costs a call, forward and backward.

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws ``loc + scale * noise``, with gradients to both."""
        shape = self._extended_shape(Size(sample_shape))
        noise = torch.randn(shape, dtype=self.loc.dtype, device=self.loc.device)
        return torch.addcmul(self.loc, noise, self.scale)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density, ``-z**2 / 2 - log(scale) - log(2 * pi) / 2`` with ``z = (value - loc) / scale``."""
        if self._validate_args:
            self._validate_sample(value)
        z = (value - self.loc) / self.scale
        return torch.addcmul(torch.rsub(self.scale.log(), _LOG_NORMALIZER), z, z, value=-0.5)
