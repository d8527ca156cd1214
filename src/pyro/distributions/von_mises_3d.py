"""Von Mises-Fisher distribution on the sphere of ordinary space."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric

__all__ = ["VonMises3D"]


class VonMises3D(Parametric):
    r"""Von Mises-Fisher distribution over directions in three dimensions, also called the Fisher distribution.

    .. math::
        p(x) = \frac{\kappa}{4 \pi \sinh \kappa} e^{c^\top x}, \quad \kappa = |c|

    Args:
        concentration: the vector c, over the last dimension, of size three: its direction is the mode, its length
            :math:`\kappa` the concentration about it; zero gives the uniform distribution.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the parameter's shape without its last dimension; event_shape is (3,).

    Support:
        the unit sphere.

    References:
        R. A. Fisher (1953), Dispersion on a sphere, Proceedings of the Royal Society A 217(1130).

    Example:
        >>> VonMises3D(torch.zeros(3)).log_prob(torch.tensor([1.0, 0.0, 0.0])).exp()  # 1 / (4 pi)
        tensor(0.0796)
    """

    has_rsample = True
    arg_constraints = {"concentration": constraints.real_vector}
    support = constraints.sphere
    _shaped_by = "concentration"
    concentration: Tensor

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.shape[-1:] != (3,):
            raise ValueError("VonMises3D: expected concentration to have vectors of size 3 in its last dimension, got "
                             f"shape {tuple(concentration.shape)}. Use ProjectedNormal in other dimensions.")
        super().__init__((3,), concentration=concentration, validate_args=validate_args)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws directions, with gradients: the part along the mode by its inverse cdf, the rest uniformly around."""
        c = self.concentration
        tiny = torch.finfo(c.dtype).tiny ** 0.5
        shape = self.shape(sample_shape)
        kappa = torch.linalg.vector_norm(c, dim=-1, keepdim=True)
        first = torch.eye(1, 3, dtype=c.dtype, device=c.device)[0].expand_as(c)
        mode = torch.where(kappa > tiny, c / kappa.clamp(min=tiny), first)
        kappa = kappa.clamp(min=tiny)
        u = torch.rand(shape[:-1] + (1,), dtype=c.dtype, device=c.device)
        below = -torch.log1p(u * torch.expm1(-2 * kappa)) / kappa  # 1 minus the part along the mode, up to 2
        noise = torch.randn(shape, dtype=c.dtype, device=c.device)
        around = noise - (noise * mode).sum(-1, keepdim=True) * mode
        around = around / torch.linalg.vector_norm(around, dim=-1, keepdim=True)
        result: Tensor = (1 - below) * mode + (below * (2 - below)).clamp(min=tiny).sqrt() * around
        return result

    def _log_density(self, value: Tensor) -> Tensor:
        """The log density of directions, with respect to the surface of the sphere."""
        # log(sinh(k) / k) is k^2 / 6 near zero: what is added to the square there is less than the digits tell
        least = torch.finfo(self.concentration.dtype).eps
        kappa = (torch.linalg.vecdot(self.concentration, self.concentration) + least).sqrt()
        # 4 pi sinh(k) / k = 2 pi exp(k) (1 - exp(-2 k)) / k
        volume = (-2 * kappa).expm1() / kappa * (-2 * math.pi)
        result: Tensor = torch.linalg.vecdot(self.concentration, value) - kappa - volume.log()
        return result
