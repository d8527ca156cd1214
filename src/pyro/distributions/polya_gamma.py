"""Polya-gamma distribution PG(1, 0), truncated to an interval."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric

__all__ = ["TruncatedPolyaGamma"]

_CROSSOVER = 1 / (2 * math.pi)
"""Where the two series of the density converge equally fast."""


class TruncatedPolyaGamma(Parametric):
    r"""Polya-gamma distribution PG(1, 0), truncated to [0, 2.5], beyond which it has a mass of 6e-6.

    .. math::
        p(x) \propto \sum_{n \ge 0} (-1)^n \frac{2 n + 1}{\sqrt{2 \pi x^3}} e^{-(2 n + 1)^2 / 8 x}
             = 4 \pi \sum_{n \ge 0} (-1)^n (n + \tfrac{1}{2}) e^{-2 \pi^2 (n + 1/2)^2 x}

    Draws are :math:`\sum_k g_k / 2 \pi^2 (k - 1/2)^2` with exponential :math:`g_k`; the terms from the ninth on, 1% of
    the mean, are drawn together from the Gamma distribution with their mean and variance. The logistic function is a
    mixture of Gaussians over this distribution, which makes logistic models conditionally Gaussian.

    Args:
        prototype: a tensor of any shape; draws have its dtype and device.
        validate_args: whether to check values; ``None`` follows the global flag.

    Shape:
        batch_shape and event_shape are ().

    Support:
        the interval from 0 to 2.5.

    References:
        N. G. Polson, J. G. Scott, J. Windle (2013), Bayesian inference for logistic models using Polya-gamma latent
        variables, JASA 108(504).

    Example:
        >>> TruncatedPolyaGamma(torch.zeros(2)).log_prob(torch.tensor(0.1))
        tensor(1.2848)
    """

    truncation_point = 2.5
    num_log_prob_terms = 7
    num_gamma_variates = 8
    has_rsample = False
    support = constraints.interval(0.0, truncation_point)
    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, prototype: Tensor, validate_args: bool | None = None) -> None:
        self.prototype = prototype
        super().__init__(validate_args=validate_args)

    @staticmethod
    def infer_shapes(prototype: tuple[int, ...]) -> tuple[Size, Size]:
        """The shapes, which do not depend on the prototype's.

        Args:
            prototype: shape of ``prototype``.

        Returns:
            batch_shape and event_shape.
        """
        return Size(), Size()

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws values.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Values of shape sample_shape.
        """
        weights = [1 / (2 * math.pi**2 * (k + 0.5) ** 2) for k in range(self.num_gamma_variates)]
        # All weights add up to 1/4, the mean, and their squares to 1/24, the variance.
        mean, variance = 0.25 - sum(weights), 1 / 24 - sum(weight**2 for weight in weights)
        shape = self._extended_shape(Size(sample_shape))
        leading = self.prototype.new_empty((*shape, len(weights))).exponential_() @ self.prototype.new_tensor(weights)
        rest = torch._standard_gamma(self.prototype.new_full(shape, mean**2 / variance))
        return torch.add(leading, rest, alpha=variance / mean).clamp(max=self.truncation_point)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of values.

        Args:
            value: positive numbers of any shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        # Both series are exp(-t / 4) times a sum of (-1)^n (2 n + 1) exp(-n (n + 1) t), with t = 1 / 2 x in the first
        # and t = 2 pi^2 x in the second one. Where both are pi, one takes over from the other, factors in front too.
        small = value.clamp(torch.finfo(value.dtype).tiny ** 0.25, _CROSSOVER)
        t = torch.add(0.5 / small, (value - _CROSSOVER).clamp(min=0), alpha=2 * math.pi**2)
        orders = range(1, self.num_log_prob_terms)
        exponents = value.new_tensor([-n * (n + 1.0) for n in orders])
        ratios = (t.unsqueeze(-1) * exponents).exp() @ value.new_tensor([(-1.0) ** n * (2 * n + 1) for n in orders])
        constant = -0.5 * math.log(2 * math.pi) - _log_mass(self.truncation_point)
        return torch.sub(torch.sub(ratios.log1p(), t, alpha=0.25), small.log(), alpha=1.5) + constant


def _log_mass(x: float) -> float:
    """The log probability that PG(1, 0) is at most x, for x at which one term is enough."""
    return math.log1p(-4 / math.pi * math.exp(-math.pi**2 / 2 * x))
