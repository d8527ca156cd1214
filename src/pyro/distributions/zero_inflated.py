"""Zero-inflated distributions: mixtures of another distribution and a point mass at zero."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions.utils import lazy_property
from torch.nn.functional import logsigmoid

from pyro.distributions import constraints
from pyro.distributions.negative_binomial import NegativeBinomial
from pyro.distributions.poisson import Poisson
from pyro.distributions.wrapped import Wrapped
from pyro.ops.validation import surely_none

__all__ = ["ZeroInflatedDistribution", "ZeroInflatedNegativeBinomial", "ZeroInflatedPoisson"]


class ZeroInflatedDistribution(Wrapped):
    r"""Mixture of a univariate distribution with density q and, with probability g, a zero.

    .. math::
        p(x) = g \, [x = 0] + (1 - g) \, q(x)

    Args:
        base_dist: the distribution with density q, of event_shape ().
        gate: probability :math:`g` of an extra zero; give this or ``gate_logits``, not both.
        gate_logits: log-odds :math:`\log g - \log(1 - g)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the gate and the base, event_shape is ().

    Support:
        the base's.

    Raises:
        ValueError: unless exactly one of ``gate`` and ``gate_logits`` is given and the base is univariate.

    References:
        D. Lambert (1992), Zero-inflated Poisson regression, with an application to defects in manufacturing,
        Technometrics 34(1).

    Example:
        >>> from pyro.distributions.bernoulli import Bernoulli
        >>> ZeroInflatedDistribution(Bernoulli(0.5), gate=0.5).log_prob(torch.tensor(0.0)).exp()
        tensor(0.7500)
    """

    arg_constraints: dict[str, constraints.Constraint] = {
        "gate": constraints.unit_interval, "gate_logits": constraints.real
    }

    def __init__(
        self,
        base_dist: Any,
        *,
        gate: Tensor | float | None = None,
        gate_logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name = type(self).__name__
        if (gate is None) == (gate_logits is None):
            raise ValueError(f"{name}: expected either `gate` or `gate_logits`, got "
                             f"{'neither' if gate is None else 'both'}. Give one of them.")
        given = {"gate": gate} if gate_logits is None else {"gate_logits": gate_logits}
        super().__init__(base_dist, validate_args=validate_args, **given)

    @constraints.dependent_property(event_dim=0)
    def support(self) -> Any:
        """The base's support."""
        return self.base_dist.support

    @lazy_property
    def gate(self) -> Tensor:
        """Probability of an extra zero."""
        return torch.sigmoid(self.gate_logits)

    @lazy_property
    def gate_logits(self) -> Tensor:
        """Log-odds of an extra zero."""
        return torch.logit(self.gate)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from the base and then which draws become zero.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Draws of shape sample_shape + batch_shape.
        """
        with torch.no_grad():
            value: Tensor = self.base_dist.sample(Size(sample_shape))
            return value.masked_fill(torch.rand_like(value, dtype=self.gate.dtype) < self.gate, 0)

    def _log_density(self, value: Tensor) -> Tensor:
        base: Tensor = self.base_dist.log_prob(value)
        if "gate_logits" in self.__dict__:
            logits = self.gate_logits
            rest = logsigmoid(-logits)
            return torch.where(value == 0, torch.logaddexp(logits, base) + rest, base + rest)
        is_zero = value == 0
        rest = base + torch.log1p(-self.gate.masked_fill(is_zero, 0))  # infinite at zero for a gate of 1, and unused
        return torch.where(is_zero, _log_zero(self.gate, base), rest)

    @property
    def mean(self) -> Tensor:
        """The mean, (1 - gate) times the base's."""
        mean: Tensor = self.base_dist.mean
        return (1 - self.gate) * mean

    @property
    def variance(self) -> Tensor:
        """The variance: the base's and that of its mean's presence."""
        mean: Tensor = self.base_dist.mean
        variance: Tensor = self.base_dist.variance
        return (1 - self.gate) * (variance + self.gate * mean.square())


def _log_zero(gate: Tensor, base: Tensor) -> Tensor:
    """The logarithm of ``gate + (1 - gate) * exp(base)``.

    Its terms are not taken as logarithms, which would have infinite derivatives at a gate of 0 or 1. The second one may
    underflow beside any gate but 0.
    """
    total = gate + (1 - gate) * base.exp()
    is_tiny = total < torch.finfo(total.dtype).tiny
    if surely_none(is_tiny):
        return total.log()
    is_lost = is_tiny & (gate == 0)
    return torch.where(is_lost, base, total.masked_fill(is_lost, 1).log())


class ZeroInflatedPoisson(ZeroInflatedDistribution):
    r"""Poisson distribution with extra zeros.

    .. math::
        p(x) = g \, [x = 0] + (1 - g) \lambda^x e^{-\lambda} / x!

    Args:
        rate: rate :math:`\lambda > 0` of the Poisson.
        gate: probability :math:`g` of an extra zero; give this or ``gate_logits``, not both.
        gate_logits: log-odds :math:`\log g - \log(1 - g)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative integers.

    References:
        D. Lambert (1992), Zero-inflated Poisson regression, Technometrics 34(1).

    Example:
        >>> ZeroInflatedPoisson(torch.tensor(2.0), gate=torch.tensor(0.5)).mean
        tensor(1.)
    """

    arg_constraints = {"rate": constraints.positive, **ZeroInflatedDistribution.arg_constraints}
    support = constraints.nonnegative_integer

    def __init__(
        self,
        rate: Tensor | float,
        *,
        gate: Tensor | float | None = None,
        gate_logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = Poisson(rate, validate_args=False)
        super().__init__(base, gate=gate, gate_logits=gate_logits, validate_args=validate_args)

    @property
    def rate(self) -> Tensor:
        """Rate of the Poisson."""
        return self.base_dist.rate  # type: ignore[no-any-return]


class ZeroInflatedNegativeBinomial(ZeroInflatedDistribution):
    r"""Negative binomial distribution with extra zeros.

    .. math::
        p(x) = g \, [x = 0] + (1 - g) \frac{\Gamma(r + x)}{x!\, \Gamma(r)} (1 - p)^r p^x

    Args:
        total_count: number of failures :math:`r \ge 0` to stop at, not necessarily whole.
        probs: success probability :math:`p` in [0, 1); give this or ``logits``, not both.
        logits: log-odds :math:`\log p - \log(1 - p)`.
        gate: probability :math:`g` of an extra zero; give this or ``gate_logits``, not both.
        gate_logits: log-odds :math:`\log g - \log(1 - g)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the nonnegative integers.

    References:
        W. H. Greene (1994), Accounting for excess zeros and sample selection in Poisson and negative binomial
        regression models, NYU working paper EC-94-10.

    Example:
        >>> ZeroInflatedNegativeBinomial(3.0, probs=torch.tensor(0.5), gate=torch.tensor(0.5)).mean
        tensor(1.5000)
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0), "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real, **ZeroInflatedDistribution.arg_constraints
    }
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Tensor | float,
        *,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        gate: Tensor | float | None = None,
        gate_logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        base = NegativeBinomial(total_count, probs, logits, validate_args=False)
        super().__init__(base, gate=gate, gate_logits=gate_logits, validate_args=validate_args)

    @property
    def total_count(self) -> Tensor:
        """Number of failures to stop at."""
        return self.base_dist.total_count  # type: ignore[no-any-return]

    @property
    def probs(self) -> Tensor:
        """Success probability."""
        return self.base_dist.probs  # type: ignore[no-any-return]

    @property
    def logits(self) -> Tensor:
        """Log-odds of success."""
        return self.base_dist.logits  # type: ignore[no-any-return]
