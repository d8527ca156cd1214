"""Normal distribution over arrays that sum to zero."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric

__all__ = ["ZeroSumNormal"]


class ZeroSumNormal(Parametric):
    r"""Normal distribution over arrays that sum to zero along each of their dimensions.

    .. math::
        p(x) = (2 \pi \sigma^2)^{-m / 2} e^{-\|x\|^2 / 2 \sigma^2}, \quad m = \prod_k (n_k - 1)

    with respect to the volume of the space of such arrays, whose dimension is m. It is what remains of independent
    normals less their means, and keeps effects of several levels apart from their common mean.

    Args:
        scale: standard deviation :math:`\sigma > 0` of the normals before their means are taken off.
        event_shape: sizes :math:`n_k` of an array.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``scale``.

    Support:
        arrays that sum to zero along each dimension.

    References:
        W. N. Venables, B. D. Ripley (2002), Modern Applied Statistics with S, ch. 6.2 (sum-to-zero contrasts).

    Example:
        >>> ZeroSumNormal(2.0, (4,)).variance
        tensor([3., 3., 3., 3.])
    """

    has_rsample = True
    arg_constraints = {"scale": constraints.positive}
    scale: Tensor

    def __init__(
        self, scale: Tensor | float, event_shape: Sequence[int], validate_args: bool | None = None
    ) -> None:
        super().__init__(Size(event_shape), scale=scale, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> constraints.Constraint:
        """Arrays that sum to zero along each dimension."""
        return constraints.zero_sum(self.event_dim)

    @property
    def _free(self) -> int:
        """The dimension of the space of values."""
        return math.prod(size - 1 for size in self.event_shape)

    @property
    def _wide_scale(self) -> Tensor:
        return self.scale.reshape(self.batch_shape + (1,) * self.event_dim)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws arrays, with gradients to the scale."""
        value = torch.randn(self.shape(sample_shape), dtype=self.scale.dtype, device=self.scale.device)
        for dim in range(-self.event_dim, 0):
            value = value - value.mean(dim, keepdim=True)
        return self._wide_scale * value

    def _log_density(self, value: Tensor) -> Tensor:
        squares = (value / self._wide_scale).square().sum(tuple(range(-self.event_dim, 0)))
        return -0.5 * squares - self._free * (self.scale.log() + 0.5 * math.log(2 * math.pi))

    @property
    def mean(self) -> Tensor:
        """The mean, zero."""
        return self.scale.new_zeros(self.shape())

    @property
    def variance(self) -> Tensor:
        """The variances of the elements."""
        share = self._free / self.event_shape.numel()
        return (share * self._wide_scale.square()).expand(self.shape())

    def entropy(self) -> Tensor:
        """The entropy."""
        return self._free * (self.scale.log() + 0.5 * (1 + math.log(2 * math.pi)))
