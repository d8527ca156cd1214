"""Beta-negative-binomial distribution: successes before failures whose common probability is unknown."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.ops.log_space import select
from pyro.ops.special import log_beta

__all__ = ["BetaNegativeBinomial"]


class BetaNegativeBinomial(Parametric):
    r"""Beta-negative-binomial distribution, a negative binomial whose success probability is drawn from a Beta.

    .. math::
        p(x) = \frac{\Gamma(n + x)}{x!\, \Gamma(n)} \frac{B(a + x, b + n)}{B(a, b)}

    Args:
        concentration1: first shape :math:`a > 0` of the Beta.
        concentration0: second shape :math:`b > 0` of the Beta; the tail falls as :math:`x^{-b - 1}`.
        n: number of failures :math:`n > 0` to stop at, not necessarily whole.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative integers.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 6.

    Example:
        >>> BetaNegativeBinomial(4.0, 3.0, 2.0).mean
        tensor(4.)
    """

    arg_constraints = dict.fromkeys(("concentration1", "concentration0", "n"), constraints.positive)
    support = constraints.nonnegative_integer
    concentration1: Tensor
    concentration0: Tensor
    n: Tensor

    def __init__(
        self,
        concentration1: Tensor | float,
        concentration0: Tensor | float,
        n: Tensor | float,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(
            concentration1=concentration1, concentration0=concentration0, n=n, validate_args=validate_args
        )

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws the odds of a success, a rate and then the successes.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Counts of shape sample_shape + batch_shape.
        """
        with torch.no_grad():
            shape = self.shape(sample_shape)
            odds1 = torch._standard_gamma(self.concentration1.expand(shape))
            odds0 = torch._standard_gamma(self.concentration0.expand(shape))
            rate = torch._standard_gamma(self.n.expand(shape)) * odds1 / odds0
            return torch.poisson(rate)

    def _log_density(self, value: Tensor) -> Tensor:
        a, b, n = self.concentration1, self.concentration0, self.n
        # the number of orders is one over (n + x) B(n, x + 1)
        return log_beta(a + value, b + n) - log_beta(a, b) - (n + value).log() - log_beta(n, value + 1)

    @property
    def mean(self) -> Tensor:
        """The mean, n a / (b - 1); infinite where b <= 1."""
        excess = self.concentration0 - 1
        is_finite = excess > 0
        return torch.where(is_finite, self.n * self.concentration1 / select(is_finite, excess, 1.0), math.inf)

    @property
    def variance(self) -> Tensor:
        """The variance, n a (n + b - 1) (a + b - 1) / ((b - 2) (b - 1)^2); infinite where b <= 2."""
        a, n, excess = self.concentration1, self.n, self.concentration0 - 1
        is_finite = excess > 1
        b = select(is_finite, excess, 2.0)
        return torch.where(is_finite, n * a * (n + b) * (a + b) / ((b - 1) * b.square()), math.inf)
