"""Base of univariate families that are drawn by the inverse of their cdf."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions.torch_distribution import TorchDistribution

__all__ = ["InverseCdf"]


class InverseCdf(TorchDistribution):
    """Univariate family whose ``icdf`` maps uniform noise to draws, with gradients to the parameters.

    Draws have the dtype and the device of the first parameter in ``arg_constraints``.
    """

    has_rsample = True

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws by the inverse of the cdf.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Draws of shape sample_shape + batch_shape.
        """
        parameter: Tensor = getattr(self, next(iter(self.arg_constraints)))
        noise = torch.rand(self.shape(sample_shape), dtype=parameter.dtype, device=parameter.device)
        draws: Tensor = self.icdf(noise.clamp(min=torch.finfo(noise.dtype).tiny))
        return draws
