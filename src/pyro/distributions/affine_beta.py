"""Beta distribution stretched and moved to an interval."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions.transforms import AffineTransform
from torch.distributions.utils import broadcast_all

from pyro.distributions import constraints
from pyro.distributions.beta import Beta
from pyro.distributions.transformed_distribution import TransformedDistribution

__all__ = ["AffineBeta"]


class AffineBeta(TransformedDistribution):
    r"""Beta distribution on an interval, the four-parameter Beta.

    .. math::
        x = \text{loc} + \text{scale} \cdot y, \quad y \sim \mathrm{Beta}(a, b)

    Args:
        concentration1: first shape :math:`a > 0`.
        concentration0: second shape :math:`b > 0`.
        loc: lower end of the interval.
        scale: length of the interval, positive.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the interval; draws lie strictly inside.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1995), Continuous Univariate Distributions, vol. 2, ch. 25.

    Example:
        >>> AffineBeta(2.0, 2.0, -1.0, 2.0).mean
        tensor(0.)
    """

    arg_constraints = {
        **dict.fromkeys(("concentration1", "concentration0"), constraints.positive),
        "loc": constraints.real,
        "scale": constraints.positive,
    }

    def __init__(
        self,
        concentration1: Tensor | float,
        concentration0: Tensor | float,
        loc: Tensor | float,
        scale: Tensor | float,
        validate_args: bool | None = None,
    ) -> None:
        concentration1, concentration0, loc, scale = broadcast_all(concentration1, concentration0, loc, scale)
        base = Beta(concentration1, concentration0, validate_args=False)
        super().__init__(base, AffineTransform(loc, scale), validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: "AffineBeta | None" = None) -> "AffineBeta":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        expanded: AffineBeta = super().expand(batch_shape, _instance or self.__new__(type(self)))  # type: ignore[no-untyped-call]
        expanded.transforms = [AffineTransform(self.loc.expand(batch_shape), self.scale.expand(batch_shape))]
        return expanded

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> constraints.Constraint:
        """The interval."""
        return constraints.interval(self.low, self.high)

    @property
    def concentration1(self) -> Tensor:
        """First shape of the Beta."""
        concentration1: Tensor = self.base_dist.concentration1  # type: ignore[attr-defined]  # a Beta
        return concentration1

    @property
    def concentration0(self) -> Tensor:
        """Second shape of the Beta."""
        concentration0: Tensor = self.base_dist.concentration0  # type: ignore[attr-defined]  # a Beta
        return concentration0

    @property
    def sample_size(self) -> Tensor:
        """The sum of the concentrations, as many observations as they stand for."""
        return self.concentration1 + self.concentration0

    @property
    def loc(self) -> Tensor:
        """Lower end of the interval."""
        loc: Tensor = self.transforms[0].loc  # type: ignore[attr-defined]  # an affine map
        return loc

    @property
    def scale(self) -> Tensor:
        """Length of the interval."""
        scale: Tensor = self.transforms[0].scale  # type: ignore[attr-defined]  # an affine map
        return scale

    @property
    def low(self) -> Tensor:
        """Lower end of the interval."""
        return self.loc

    @property
    def high(self) -> Tensor:
        """Upper end of the interval."""
        return self.loc + self.scale

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws values without gradients, strictly inside of the interval."""
        with torch.no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws values strictly inside of the interval, with gradients to all parameters."""
        margin = torch.finfo(self.loc.dtype).eps * torch.maximum(self.low.abs(), self.high.abs()).detach()
        value: Tensor = super().rsample(Size(sample_shape))
        return torch.clamp(value, self.low.detach() + margin, self.high.detach() - margin)

    @property
    def mean(self) -> Tensor:
        """The mean, that of the Beta moved and stretched."""
        mean: Tensor = self.base_dist.mean
        return self.loc + self.scale * mean

    @property
    def variance(self) -> Tensor:
        """The variance, that of the Beta times the square of ``scale``."""
        variance: Tensor = self.base_dist.variance
        return self.scale.square() * variance
