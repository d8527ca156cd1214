r"""Marginal densities of conjugate exponential families.

A prior with log-integral Z, ``log p(t) = f(t) . c - Z(c)``, meets likelihoods that are linear in the same statistics,
``log p(x | t) = f(t) . s(x) + h(x)``. Their product integrates to

.. math::
    \log \int p(t) \prod_i p(x_i \mid t)\, dt = Z\Bigl(c + \sum_i s(x_i)\Bigr) - Z(c) + \sum_i h(x_i)

Contract: two tables. :data:`PRIORS` has Z by family, as a function of the parameters c; :data:`LIKELIHOODS` has s and h
by family and by the parameter t. Tensors have batch dims first, and a Dirichlet's statistics one event dim.

Source: P. Diaconis, D. Ylvisaker (1979), *Conjugate priors for exponential families*, Annals of Statistics 7(2).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from pyro.distributions.beta import Beta
from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.gamma import Gamma
from pyro.distributions.util import broadcast_shape, scale_and_mask
from pyro.ops.special import log_beta, log_binomial

__all__ = ["LIKELIHOODS", "PRIORS", "Evidence", "Likelihood", "Prior", "log_marginal", "prior_of"]

Params = Mapping[str, Tensor]


@dataclass(frozen=True)
class Prior:
    """A family of priors.

    Attributes:
        family: the distribution class.
        params: the names of its parameters c.
        log_integral: Z, of the parameters in that order.
        event_dim: the number of event dims of a parameter.
    """

    family: type
    params: tuple[str, ...]
    log_integral: Callable[..., Tensor]
    event_dim: int = 0


def _gamma_integral(concentration: Tensor, rate: Tensor) -> Tensor:
    return concentration.lgamma() - concentration * rate.log()


def _dirichlet_integral(concentration: Tensor) -> Tensor:
    return concentration.lgamma().sum(-1) - concentration.sum(-1).lgamma()


_BETA = Prior(Beta, ("concentration1", "concentration0"), log_beta)
_GAMMA = Prior(Gamma, ("concentration", "rate"), _gamma_integral)
_DIRICHLET = Prior(Dirichlet, ("concentration",), _dirichlet_integral, event_dim=1)

PRIORS: tuple[Prior, ...] = (_BETA, _GAMMA, _DIRICHLET)
"""The families that are known as priors."""


def prior_of(fn: object) -> Prior | None:
    """The row of :data:`PRIORS` for a distribution, or ``None``."""
    return next((prior for prior in PRIORS if isinstance(fn, prior.family)), None)


@dataclass(frozen=True)
class Likelihood:
    """A family of likelihoods, as a function of one of its parameters.

    Attributes:
        param: the name of the parameter t.
        prior: the conjugate family.
        statistics: s, one tensor for each parameter of the prior, of the value and of the other parameters by name.
        log_base: h, of the same.
    """

    param: str
    prior: Prior
    statistics: Callable[[Tensor, Params], tuple[Tensor, ...]]
    log_base: Callable[[Tensor, Params], Tensor]


def _nothing(x: Tensor, p: Params) -> Tensor:
    return torch.zeros_like(x)


def _log_factorial(x: Tensor) -> Tensor:
    return (x + 1).lgamma()


LIKELIHOODS: Mapping[str, Likelihood] = {
    "Bernoulli": Likelihood("probs", _BETA, lambda x, p: (x, 1 - x), _nothing),
    "Binomial": Likelihood(
        "probs", _BETA, lambda x, p: (x, p["total_count"] - x), lambda x, p: log_binomial(p["total_count"], x)),
    "Geometric": Likelihood("probs", _BETA, lambda x, p: (torch.ones_like(x), x), _nothing),
    "NegativeBinomial": Likelihood(
        "probs", _BETA, lambda x, p: (x, p["total_count"]),
        lambda x, p: (p["total_count"] + x).lgamma() - p["total_count"].lgamma() - _log_factorial(x)),
    "Exponential": Likelihood("rate", _GAMMA, lambda x, p: (torch.ones_like(x), x), _nothing),
    "Gamma": Likelihood(
        "rate", _GAMMA, lambda x, p: (p["concentration"], x),
        lambda x, p: (p["concentration"] - 1) * x.log() - p["concentration"].lgamma()),
    "Poisson": Likelihood(
        "rate", _GAMMA, lambda x, p: (x, torch.ones_like(x)), lambda x, p: -_log_factorial(x)),
    "Categorical": Likelihood(
        "probs", _DIRICHLET, lambda x, p: (one_hot(x.long(), int(p["size"])),),
        lambda x, p: torch.zeros(x.shape, dtype=torch.get_default_dtype(), device=x.device)),
    "Multinomial": Likelihood(
        "probs", _DIRICHLET, lambda x, p: (x,),
        lambda x, p: _log_factorial(p["total_count"]) - _log_factorial(x).sum(-1)),
    "OneHotCategorical": Likelihood("probs", _DIRICHLET, lambda x, p: (x,), lambda x, p: _nothing(x, p).sum(-1)),
}
"""By the name of the likelihood's family. A categorical's p has the number of outcomes, ``size``."""


@dataclass(frozen=True)
class Evidence:
    """What was observed of one likelihood.

    Attributes:
        likelihood: its family.
        value: the observed value.
        params: its other parameters.
        batch_shape: of the observations; includes every dim in ``shared``.
        shared: the dims, negative, along which the observations share the latent variable.
        scale: factor on the log-density.
        mask: where the log-density counts; ``None`` for everywhere.
    """

    likelihood: Likelihood
    value: Tensor
    params: Params
    batch_shape: tuple[int, ...] = ()
    shared: tuple[int, ...] = ()
    scale: float | Tensor = 1.0
    mask: bool | Tensor | None = None

    def total(self, log_density: Tensor, event_dim: int = 0) -> Tensor:
        """Sums one of the likelihood's tensors over the shared dims, which keep size one.

        Args:
            log_density: has batch dims and then event dims.
            event_dim: how many of the latter.
        """
        cut = log_density.dim() - event_dim
        batch_shape = broadcast_shape(tuple(log_density.shape[:cut]), self.batch_shape)
        log_density = log_density.expand(batch_shape + tuple(log_density.shape[cut:]))
        scale, mask = self.scale, self.mask
        if isinstance(scale, Tensor):
            scale = scale.reshape(scale.shape + (1,) * event_dim)
        if isinstance(mask, Tensor):
            mask = mask.reshape(mask.shape + (1,) * event_dim)
        weighted = scale_and_mask(log_density, scale, mask)
        return weighted.sum([dim - event_dim for dim in self.shared], keepdim=True) if self.shared else weighted


def log_marginal(fn: Any, evidence: list[Evidence]) -> Tensor:
    """The log-density of observations, with the variable that they depend on integrated out.

    Args:
        fn: the variable's distribution, of a family in :data:`PRIORS`.
        evidence: the observations, of likelihoods that are conjugate to it.

    Returns:
        The log-density, of the batch shape of ``fn``.

    Example:
        >>> coin = LIKELIHOODS["Bernoulli"]
        >>> log_marginal(Beta(1.0, 3.0), [Evidence(coin, torch.tensor(1.0), {})]).exp()
        tensor(0.2500)
    """
    prior = prior_of(fn)
    if prior is None or any(item.likelihood.prior is not prior for item in evidence):
        raise ValueError(f"log_marginal: the observations are not conjugate to {fn!r}. See LIKELIHOODS.")
    before = [getattr(fn, name) for name in prior.params]
    after, log_base = before, torch.zeros(())
    for item in evidence:
        statistics = item.likelihood.statistics(item.value, item.params)
        totals = (item.total(statistic, prior.event_dim) for statistic in statistics)
        after = [param + total for param, total in zip(after, totals, strict=True)]
        log_base = log_base + item.total(item.likelihood.log_base(item.value, item.params))
    return prior.log_integral(*after) - prior.log_integral(*before) + log_base
