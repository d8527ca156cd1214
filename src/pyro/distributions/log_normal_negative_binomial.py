"""Negative binomial distribution whose odds are multiplied by log-normal noise."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.negative_binomial import NegativeBinomial
from pyro.distributions.parametric import Parametric
from pyro.ops.special import get_quad_rule

__all__ = ["LogNormalNegativeBinomial"]


class LogNormalNegativeBinomial(Parametric):
    r"""Negative binomial distribution with normal noise in its logits, integrated out.

    .. math::
        \epsilon \sim N(0, \sigma^2), \quad x | \epsilon \sim \operatorname{NB}(r, \operatorname{logits} = l + \epsilon)

    The integral in the density is replaced by a Gauss-Hermite quadrature, which is differentiable in all parameters.
    Draws and moments are exact.

    Args:
        total_count: number of failures :math:`r \ge 0` to stop at, not necessarily whole.
        logits: log-odds :math:`l` of success without noise.
        multiplicative_noise_scale: standard deviation :math:`\sigma > 0` of the noise; larger values need more points.
        num_quad_points: number of points of the quadrature.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative integers.

    Raises:
        ValueError: if ``num_quad_points`` is less than one.

    References:
        G. H. Golub, J. H. Welsch (1969), Calculation of Gauss quadrature rules, Mathematics of Computation 23.

    Example:
        >>> LogNormalNegativeBinomial(torch.tensor(4.0), torch.tensor(0.3), torch.tensor(0.5)).mean
        tensor(6.1184)
    """

    support = constraints.nonnegative_integer
    arg_constraints = {
        "total_count": constraints.greater_than_eq(0), "logits": constraints.real,
        "multiplicative_noise_scale": constraints.positive
    }
    total_count: Tensor
    logits: Tensor
    multiplicative_noise_scale: Tensor

    def __init__(
        self,
        total_count: Tensor | float,
        logits: Tensor | float,
        multiplicative_noise_scale: Tensor | float,
        *,
        num_quad_points: int = 8,
        validate_args: bool | None = None,
    ) -> None:
        if num_quad_points < 1:
            raise ValueError(f"LogNormalNegativeBinomial: expected num_quad_points >= 1, got {num_quad_points}.")
        self.num_quad_points = num_quad_points
        super().__init__(total_count=total_count, logits=logits, multiplicative_noise_scale=multiplicative_noise_scale,
                         validate_args=validate_args)
        self.quad_points, self.log_weights = get_quad_rule(num_quad_points, self.logits)

    @property
    def nb_dist(self) -> NegativeBinomial:
        """Negative binomials at the points of the quadrature, along a new last dimension."""
        noise = self.multiplicative_noise_scale.unsqueeze(-1) * self.quad_points
        return NegativeBinomial(self.total_count.unsqueeze(-1), logits=self.logits.unsqueeze(-1) + noise,
                                validate_args=False)

    def _log_density(self, value: Tensor) -> Tensor:
        """The log probability of counts, by quadrature."""
        terms: Tensor = self.nb_dist.log_prob(value.unsqueeze(-1))  # type: ignore[no-untyped-call]
        return torch.logsumexp(self.log_weights + terms, -1)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws noise and then the counts.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Counts of shape sample_shape + batch_shape.
        """
        with torch.no_grad():
            noise = torch.randn(self.shape(sample_shape), dtype=self.logits.dtype, device=self.logits.device)
            logits = self.logits + self.multiplicative_noise_scale * noise
            counts: Tensor = NegativeBinomial(
                self.total_count, logits=logits, validate_args=False).sample()  # type: ignore[no-untyped-call]
            return counts

    @property
    def mean(self) -> Tensor:
        """The mean: that without noise, times the noise's mean."""
        return self.total_count * (self.logits + self.multiplicative_noise_scale.square() / 2).exp()

    @property
    def variance(self) -> Tensor:
        """The variance: the mean of the negative binomial's, and the variance of its mean."""
        noise = self.multiplicative_noise_scale.square()
        return self.mean + self.mean.square() * (noise.exp() / self.total_count + noise.expm1())
