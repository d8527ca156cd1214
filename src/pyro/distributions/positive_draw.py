"""Draws of counts that are known to be positive.

A Poisson process that has events has a first one, whose time is drawn by the inverse of its cdf; the others come after
it. The same holds for trials. So these draws take no more rounds than draws of any count, and can be captured.

Source: L. Devroye (1986), Non-Uniform Random Variate Generation, ch. 10.
"""

from functools import singledispatch
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions.gamma_poisson import GammaPoisson

__all__ = ["positive_draw"]


@singledispatch
def positive_draw(d: Any, sample_shape: Size) -> Tensor:
    """Draws counts from a distribution over whole numbers, given that they are not zero.

    Args:
        d: the distribution. One without a rule of its own is drawn from until no count is zero.
        sample_shape: shape of independent draws.

    Returns:
        Positive counts of shape sample_shape + batch_shape.

    Example:
        >>> positive_draw(torch.distributions.Bernoulli(0.01), Size([3]))
        tensor([1., 1., 1.])
    """
    value: Tensor = d.sample(sample_shape)
    while bool((value == 0).any()):
        value = torch.where(value == 0, d.sample(sample_shape), value)
    return value


@positive_draw.register
def _(d: torch.distributions.Bernoulli, sample_shape: Size) -> Tensor:
    value: Tensor = d.sample(sample_shape)
    return torch.ones_like(value)


@positive_draw.register
def _(d: torch.distributions.Geometric, sample_shape: Size) -> Tensor:
    value: Tensor = d.sample(sample_shape)
    return 1 + value  # it forgets how many trials have failed


@positive_draw.register
def _(d: torch.distributions.Poisson, sample_shape: Size) -> Tensor:
    rate = d.rate.expand(d._extended_shape(sample_shape))
    first = -(torch.rand_like(rate) * (-rate).expm1()).log1p()
    return 1 + torch.poisson((rate - first).clamp(min=0))


def _gamma_poisson(concentration: Tensor, rate: Tensor) -> Tensor:
    """For the events of a unit of time, at a rate with a gamma distribution, which the first one's time updates."""
    log_none = -concentration * (1 / rate).log1p()
    log_later = (torch.rand_like(rate) * log_none.expm1()).log1p()
    first = (rate * (-log_later / concentration).expm1()).clamp(max=1)
    events = torch._standard_gamma(concentration + 1) / (rate + first)
    return 1 + torch.poisson(events * (1 - first))


@positive_draw.register
def _(d: GammaPoisson, sample_shape: Size) -> Tensor:
    shape = d.shape(sample_shape)
    return _gamma_poisson(d.concentration.expand(shape), d.rate.expand(shape))


@positive_draw.register
def _(d: torch.distributions.NegativeBinomial, sample_shape: Size) -> Tensor:
    shape = d._extended_shape(sample_shape)
    return _gamma_poisson(d.total_count.expand(shape), (-d.logits).exp().expand(shape))


@positive_draw.register
def _(d: torch.distributions.Binomial, sample_shape: Size) -> Tensor:
    shape = d._extended_shape(sample_shape)
    trials, probs = d.total_count.expand(shape), d.probs.expand(shape)
    log_failure = (-probs).log1p()
    log_later = (torch.rand_like(probs) * (trials * log_failure).expm1()).log1p()
    first = torch.minimum((log_later / log_failure).ceil().clamp(min=1), trials)
    return 1 + torch.binomial(trials - first, probs)
