r"""Hurdle distributions: zero with a given probability, else a draw of another distribution that is not zero.

.. math::
    p(0) = g, \quad p(x) = (1 - g) \frac{q(x)}{1 - q(0)} \text{ for } x > 0

For a density q the probability :math:`q(0)` of a zero is none, and x follows a mixture of a point and a density. Unlike
in a zero-inflated distribution, all zeros come from the hurdle.

Source: J. G. Cragg (1971), Some statistical models for limited dependent variables, Econometrica 39(5); J. Mullahy
(1986), Specification and testing of some modified count data models, Journal of Econometrics 33(3).
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor
from torch.nn.functional import logsigmoid

from pyro.distributions import constraints
from pyro.distributions.gamma import Gamma
from pyro.distributions.log_normal import LogNormal
from pyro.distributions.negative_binomial2 import NegativeBinomial2
from pyro.distributions.poisson import Poisson
from pyro.distributions.positive_draw import positive_draw
from pyro.distributions.wrapped import Wrapped
from pyro.ops.log_space import log1mexp, select

__all__ = ["HurdleDistribution", "HurdleGamma", "HurdleLogNormal", "HurdleLogits", "HurdleNegativeBinomial2",
           "HurdlePoisson", "HurdleProbs"]


class _Hurdle(Wrapped):
    """What both parametrizations share."""

    gate: Tensor

    @constraints.dependent_property(event_dim=0)
    def support(self) -> Any:
        """The nonnegative numbers; whole ones, if those of the base are."""
        is_discrete = self.base_dist.support.is_discrete
        return constraints.nonnegative_integer if is_discrete else constraints.nonnegative

    def _log_gate(self, is_zero: Tensor) -> Tensor:
        """The log probability of a zero where there is one, and of none elsewhere."""
        raise NotImplementedError

    def _log_positive(self) -> Tensor | float:
        """The log probability that the base is not zero."""
        if not self.base_dist.support.is_discrete:
            return 0.0
        zero = torch.zeros(self.batch_shape, dtype=self.gate.dtype, device=self.gate.device)
        log_zero: Tensor = self.base_dist.log_prob(zero)
        return log1mexp(log_zero)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws which values are zero, and the others.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Draws of shape sample_shape + batch_shape.
        """
        with torch.no_grad():
            shape = Size(sample_shape)
            is_discrete = self.base_dist.support.is_discrete
            value = positive_draw(self.base_dist, shape) if is_discrete else self.base_dist.sample(shape)
            return value.masked_fill(torch.rand_like(value, dtype=self.gate.dtype) < self.gate, 0)

    def _log_density(self, value: Tensor) -> Tensor:
        """The log probability of zeros and counts, or the log density of positive values."""
        is_zero = value == 0
        log_base: Tensor = self.base_dist.log_prob(torch.where(is_zero, 1.0, value)) - self._log_positive()
        return self._log_gate(is_zero) + torch.where(is_zero, 0.0, log_base)

    def _moment(self, order: int) -> Tensor:
        mean: Tensor = self.base_dist.mean
        moment = mean if order == 1 else self.base_dist.variance + mean.square()
        return (1 - self.gate) * moment * (-torch.as_tensor(self._log_positive())).exp()

    @property
    def mean(self) -> Tensor:
        """The mean, (1 - g) / (1 - q(0)) times the base's."""
        return self._moment(1)

    @property
    def variance(self) -> Tensor:
        """The variance, the mean square less the square of the mean."""
        return self._moment(2) - self._moment(1).square()


class HurdleProbs(_Hurdle):
    r"""Hurdle distribution by the probability of a zero.

    .. math::
        p(0) = g, \quad p(x) = (1 - g) \frac{q(x)}{1 - q(0)} \text{ for } x > 0

    Args:
        base_dist: the univariate distribution q over counts, or over positive reals.
        gate: probability :math:`g` of a zero, in [0, 1].
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the gate and the base, event_shape is ().

    Support:
        the nonnegative integers or reals.

    References:
        J. Mullahy (1986), Specification and testing of some modified count data models, Journal of Econometrics 33(3).

    Example:
        >>> HurdleProbs(Poisson(1.0), gate=0.25).log_prob(torch.tensor(0.0)).exp()
        tensor(0.2500)
    """

    arg_constraints: dict[str, constraints.Constraint] = {"gate": constraints.unit_interval}

    def __init__(self, base_dist: Any, gate: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(base_dist, gate=gate, validate_args=validate_args)

    def _log_gate(self, is_zero: Tensor) -> Tensor:
        return torch.where(is_zero, select(is_zero, self.gate, 0.5).log(), (-select(~is_zero, self.gate, 0.5)).log1p())


class HurdleLogits(_Hurdle):
    r"""Hurdle distribution by the log-odds of a zero; see :class:`HurdleProbs`.

    Args:
        base_dist: the univariate distribution q over counts, or over positive reals.
        gate_logits: log-odds :math:`\log g - \log(1 - g)`, real.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> HurdleLogits(Poisson(1.0), gate_logits=0.0).log_prob(torch.tensor(0.0)).exp()
        tensor(0.5000)
    """

    arg_constraints = {"gate_logits": constraints.real}
    gate_logits: Tensor

    def __init__(self, base_dist: Any, gate_logits: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(base_dist, gate_logits=gate_logits, validate_args=validate_args)

    @property
    def gate(self) -> Tensor:  # type: ignore[override]  # a plain attribute of the other parametrization
        """Probability of a zero."""
        return torch.sigmoid(self.gate_logits)

    def _log_gate(self, is_zero: Tensor) -> Tensor:
        return logsigmoid(torch.where(is_zero, self.gate_logits, -self.gate_logits))


class HurdlePoisson(HurdleProbs):
    """Hurdle distribution of counts that are Poisson where they are positive; see :class:`HurdleProbs`.

    Args:
        gate: probability of a zero, in [0, 1].
        rate: rate of the Poisson, positive.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> HurdlePoisson(0.5, 1e-9).mean
        tensor(0.5000)
    """

    arg_constraints = {"gate": constraints.unit_interval, "rate": constraints.positive}
    support = constraints.nonnegative_integer

    def __init__(
        self, gate: Tensor | float, rate: Tensor | float = 1.0, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(Poisson(rate, validate_args=False), gate, validate_args=validate_args)

    @property
    def rate(self) -> Tensor:
        """Rate of the Poisson."""
        return self.base_dist.rate  # type: ignore[no-any-return]


class HurdleGamma(HurdleProbs):
    """Hurdle distribution of amounts that are gamma where they are positive; see :class:`HurdleProbs`.

    Args:
        gate: probability of a zero, in [0, 1].
        concentration: shape of the gamma, positive.
        rate: rate of the gamma, positive.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> HurdleGamma(0.5, 2.0, 1.0).mean
        tensor(1.)
    """

    arg_constraints = {"gate": constraints.unit_interval, "concentration": constraints.positive,
                       "rate": constraints.positive}
    support = constraints.nonnegative

    def __init__(
        self,
        gate: Tensor | float,
        concentration: Tensor | float,
        rate: Tensor | float = 1.0,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(Gamma(concentration, rate, validate_args=False), gate, validate_args=validate_args)

    @property
    def concentration(self) -> Tensor:
        """Shape of the gamma."""
        return self.base_dist.concentration  # type: ignore[no-any-return]

    @property
    def rate(self) -> Tensor:
        """Rate of the gamma."""
        return self.base_dist.rate  # type: ignore[no-any-return]


class HurdleLogNormal(HurdleProbs):
    """Hurdle distribution of amounts that are log-normal where they are positive; see :class:`HurdleProbs`.

    Args:
        gate: probability of a zero, in [0, 1].
        loc: mean of the logarithm.
        scale: standard deviation of the logarithm, positive.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> HurdleLogNormal(0.5).log_prob(torch.tensor(0.0)).exp()
        tensor(0.5000)
    """

    arg_constraints = {"gate": constraints.unit_interval, "loc": constraints.real, "scale": constraints.positive}
    support = constraints.nonnegative

    def __init__(
        self,
        gate: Tensor | float,
        loc: Tensor | float = 0.0,
        scale: Tensor | float = 1.0,
        *,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(LogNormal(loc, scale, validate_args=False), gate, validate_args=validate_args)

    @property
    def loc(self) -> Tensor:
        """Mean of the logarithm."""
        return self.base_dist.loc  # type: ignore[no-any-return]

    @property
    def scale(self) -> Tensor:
        """Standard deviation of the logarithm."""
        return self.base_dist.scale  # type: ignore[no-any-return]


def HurdleDistribution(
    base_dist: Any,
    *,
    gate: Tensor | float | None = None,
    gate_logits: Tensor | float | None = None,
    validate_args: bool | None = None,
) -> HurdleProbs | HurdleLogits:
    """A hurdle distribution by the probability of a zero or by its log-odds.

    Args:
        base_dist: a univariate distribution over counts, or over positive reals.
        gate: probability of a zero; give this or ``gate_logits``, not both.
        gate_logits: log-odds of a zero.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Returns:
        A :class:`HurdleProbs` or a :class:`HurdleLogits`.

    Raises:
        ValueError: if not exactly one of ``gate`` and ``gate_logits`` is given.
    """
    if gate is not None and gate_logits is None:
        return HurdleProbs(base_dist, gate, validate_args=validate_args)
    if gate is None and gate_logits is not None:
        return HurdleLogits(base_dist, gate_logits, validate_args=validate_args)
    raise ValueError("HurdleDistribution: expected either `gate` or `gate_logits`, got "
                     f"{'neither' if gate is None else 'both'}. Give one of them.")


def HurdleNegativeBinomial2(
    gate: Tensor | float,
    mean: Tensor | float,
    concentration: Tensor | float,
    *,
    validate_args: bool | None = None,
) -> HurdleProbs:
    """A hurdle distribution of counts that are negative binomial where they are positive.

    Args:
        gate: probability of a zero, in [0, 1].
        mean: mean of the negative binomial.
        concentration: its inverse dispersion.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Returns:
        A :class:`HurdleProbs` over a :class:`~pyro.distributions.negative_binomial2.NegativeBinomial2`.
    """
    base = NegativeBinomial2(mean, concentration, validate_args=validate_args)
    return HurdleProbs(base, gate, validate_args=validate_args)
