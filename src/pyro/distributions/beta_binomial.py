"""Beta-binomial distribution: successes in trials whose common success probability is unknown."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.beta import Beta
from pyro.distributions.binomial import Binomial
from pyro.distributions.parametric import Parametric
from pyro.ops.special import log_beta, log_binomial
from pyro.settings import values

__all__ = ["BetaBinomial"]


class BetaBinomial(Parametric):
    r"""Beta-binomial distribution, a binomial whose success probability is drawn from a Beta and integrated out.

    .. math::
        p(x) = \binom{n}{x} \frac{B(a + x, b + n - x)}{B(a, b)}

    Args:
        concentration1: first shape :math:`a > 0` of the Beta.
        concentration0: second shape :math:`b > 0` of the Beta.
        total_count: number of trials :math:`n`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the integers 0, ..., ``total_count``.

    References:
        N. L. Johnson, A. W. Kemp, S. Kotz (2005), Univariate Discrete Distributions, ch. 6.

    Example:
        >>> BetaBinomial(1.0, 1.0, 4).log_prob(torch.tensor(3.0)).exp()
        tensor(0.2000)
    """

    has_enumerate_support = True
    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        **dict.fromkeys(("concentration1", "concentration0"), constraints.positive),
    }
    concentration1: Tensor
    concentration0: Tensor
    total_count: Tensor

    def __init__(
        self,
        concentration1: Tensor | float,
        concentration0: Tensor | float,
        total_count: Tensor | float = 1,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(concentration1=concentration1, concentration0=concentration0, total_count=total_count,
                         validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> constraints.Constraint:
        """The integers up to ``total_count``."""
        return constraints.integer_interval(0, self.total_count)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a probability and then the successes.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Counts of shape sample_shape + batch_shape.
        """
        with torch.no_grad():
            prior = Beta(self.concentration1, self.concentration0, validate_args=False)
            probs = prior.sample(Size(sample_shape))
            return Binomial(self.total_count, probs, validate_args=False).sample()

    def _log_density(self, value: Tensor) -> Tensor:
        """The log probability of counts, with an error of at most ``3 * binomial_approx_log_prob_tol``."""
        tol = values.binomial_approx_log_prob_tol
        n, a, b = self.total_count, self.concentration1, self.concentration0
        return log_binomial(n, value, tol=tol) + log_beta(a + value, b + n - value, tol=tol) - log_beta(a, b, tol=tol)

    @property
    def mean(self) -> Tensor:
        """The mean, n a / (a + b)."""
        return self.total_count * self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def variance(self) -> Tensor:
        """The variance: that of a binomial, times (a + b + n) / (a + b + 1)."""
        total = self.concentration1 + self.concentration0
        excess = (total + self.total_count) / (total + 1)
        return self.mean * self.concentration0 / total * excess

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """Lists the counts along a new leftmost dimension.

        Args:
            expand: whether to expand them over the batch shape.

        Returns:
            The counts 0, ..., ``total_count``.

        Raises:
            NotImplementedError: if the batch has different counts of trials.
        """
        binomial = Binomial(self.total_count, torch.zeros_like(self.total_count), validate_args=False)
        counts: Tensor = binomial.enumerate_support(expand)  # type: ignore[no-untyped-call]
        return counts
