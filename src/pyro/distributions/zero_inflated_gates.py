"""Zero-inflated distributions by one parametrization of the gate each, and by a negative binomial's mean.

Source: D. Lambert (1992), Zero-inflated Poisson regression, Technometrics 34(1).
"""

from typing import Any

from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.negative_binomial2 import NegativeBinomial2
from pyro.distributions.zero_inflated import ZeroInflatedDistribution

__all__ = ["ZeroInflatedLogits", "ZeroInflatedNegativeBinomial2", "ZeroInflatedProbs"]


class ZeroInflatedProbs(ZeroInflatedDistribution):
    """Zero-inflated distribution by the probability of an extra zero.

    Args:
        base_dist: the distribution that is mixed with zeros, of event_shape ().
        gate: probability of an extra zero, in [0, 1].
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> ZeroInflatedProbs(torch.distributions.Bernoulli(0.5), 0.5).mean
        tensor(0.2500)
    """

    arg_constraints = {"gate": constraints.unit_interval}

    def __init__(self, base_dist: Any, gate: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(base_dist, gate=gate, validate_args=validate_args)


class ZeroInflatedLogits(ZeroInflatedDistribution):
    """Zero-inflated distribution by the log-odds of an extra zero.

    Args:
        base_dist: the distribution that is mixed with zeros, of event_shape ().
        gate_logits: log-odds of an extra zero, real.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Example:
        >>> import torch
        >>> ZeroInflatedLogits(torch.distributions.Bernoulli(0.5), 0.0).mean
        tensor(0.2500)
    """

    arg_constraints = {"gate_logits": constraints.real}

    def __init__(self, base_dist: Any, gate_logits: Tensor | float, *, validate_args: bool | None = None) -> None:
        super().__init__(base_dist, gate_logits=gate_logits, validate_args=validate_args)


def ZeroInflatedNegativeBinomial2(
    mean: Tensor | float,
    concentration: Tensor | float,
    *,
    gate: Tensor | float | None = None,
    gate_logits: Tensor | float | None = None,
    validate_args: bool | None = None,
) -> ZeroInflatedDistribution:
    """A negative binomial by its mean, with extra zeros.

    Args:
        mean: mean of the negative binomial.
        concentration: its inverse dispersion.
        gate: probability of an extra zero; give this or ``gate_logits``, not both.
        gate_logits: log-odds of an extra zero.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Returns:
        A zero-inflated :class:`~pyro.distributions.negative_binomial2.NegativeBinomial2`.

    Raises:
        ValueError: if not exactly one of ``gate`` and ``gate_logits`` is given.
    """
    base = NegativeBinomial2(mean, concentration, validate_args=validate_args)
    if gate is not None and gate_logits is None:
        return ZeroInflatedProbs(base, gate, validate_args=validate_args)
    if gate is None and gate_logits is not None:
        return ZeroInflatedLogits(base, gate_logits, validate_args=validate_args)
    return ZeroInflatedDistribution(base, gate=gate, gate_logits=gate_logits, validate_args=validate_args)
