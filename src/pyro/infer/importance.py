"""Importance sampling: draws from a guide, weighted so that they stand for the posterior.

A draw ``z ~ q`` has the weight ``w = p(x, z) / q(z)``. The mean of ``w`` estimates ``p(x)``; the tail of its
distribution tells whether the weights can be trusted, and how far ``q`` is from the posterior.

References:
    A. B. Owen (2013), *Monte Carlo theory, methods and examples*, ch. 9;
    A. Vehtari, D. Simpson, A. Gelman, Y. Yao and J. Gabry (2024), *Pareto smoothed importance sampling*;
    Y. Yao, A. Vehtari, D. Simpson and A. Gelman (2018), *Yes, but did it work? Evaluating variational inference*.
"""

import math
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pyro.infer.abstract_infer import TracePosterior
from pyro.infer.enum import get_importance_trace, leave_out_observed_parts
from pyro.infer.predictive_draws import log_densities
from pyro.ops.stats import fit_generalized_pareto
from pyro.poutine.handlers import block, replay, trace
from pyro.poutine.plate_messenger import PlateMessenger
from pyro.poutine.trace_struct import Trace

__all__ = ["Importance", "LogWeightsMixin", "psis_diagnostic", "vectorized_importance_weights"]


class LogWeightsMixin:
    """What an object with ``log_weights``, a tensor or a list of scalars, can tell of them."""

    log_weights: Any

    def _weights(self, wanted: str) -> Tensor | None:
        if not len(self.log_weights):
            warnings.warn(f"The log_weights list is empty, {wanted}. Call run() first.", stacklevel=3)
            return None
        weights = self.log_weights
        return weights if isinstance(weights, Tensor) else torch.stack([torch.as_tensor(weight) for weight in weights])

    def get_log_normalizer(self) -> Tensor | None:
        """The logarithm of the mean weight: an estimate of the log evidence; ``None`` if there are no weights."""
        weights = self._weights("can not compute normalizing constant estimate")
        return None if weights is None else weights.logsumexp(-1) - math.log(weights.shape[-1])

    def get_normalized_weights(self, log_scale: bool = False) -> Tensor | None:
        """The weights, scaled to the sum 1; ``None`` if there are none.

        Args:
            log_scale: whether to return their logarithms.
        """
        weights = self._weights("there is nothing to normalize")
        if weights is None:
            return None
        return weights.log_softmax(-1) if log_scale else weights.softmax(-1)

    def get_ESS(self) -> Tensor:
        """The effective sample size ``(sum w)^2 / sum w^2``; 0 if there are no weights."""
        weights = self._weights("effective sample size is zero")
        if weights is None:
            return torch.tensor(0)
        return (2 * weights.logsumexp(-1) - (2 * weights).logsumexp(-1)).exp()


class Importance(TracePosterior, LogWeightsMixin):
    """A posterior by importance sampling.

    Args:
        model: the model.
        guide: where to draw from; by default the prior.
        num_samples: how many draws.

    Warns:
        UserWarning: if ``num_samples`` is not given; 10 then.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model(x):
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=x)
        >>> def guide(x):
        ...     pyro.sample("z", dist.Normal(0.5, 0.5 ** 0.5))
        >>> posterior = Importance(model, guide, num_samples=3).run(torch.tensor(1.0))
        >>> dist.Normal(0.0, 2 ** 0.5).log_prob(torch.tensor(1.0)), posterior.get_log_normalizer()
        (tensor(-1.5155), tensor(-1.5155))
    """

    def __init__(self, model: Any, guide: Any = None, num_samples: int | None = None) -> None:
        super().__init__()
        if num_samples is None:
            num_samples = 10
            warnings.warn("num_samples not provided, defaulting to 10. Pass num_samples=.", stacklevel=2)
        self.num_samples = num_samples
        self.model = model
        # the prior: observed sites are left to the model
        self.guide = guide if guide is not None else block(model, hide_types=["observe"])

    def _traces(self, *args: Any, **kwargs: Any) -> Iterator[tuple[Trace, Tensor]]:
        for _ in range(self.num_samples):
            guide_trace = trace(self.guide).get_trace(*args, **kwargs)
            model_trace = trace(replay(self.model, trace=guide_trace)).get_trace(*args, **kwargs)
            leave_out_observed_parts(model_trace, guide_trace)
            yield model_trace, torch.as_tensor(model_trace.log_prob_sum() - guide_trace.log_prob_sum())


def vectorized_importance_weights(
    model: Any, guide: Any, *args: Any, **kwargs: Any
) -> tuple[Tensor, Trace, Trace]:
    """Log weights of draws that are taken in one run.

    Args:
        model: the model; it has to broadcast under a plate around it.
        guide: the guide, likewise.
        *args: for both.
        **kwargs: for both; but ``num_samples``, one by default, ``max_plate_nesting``, how many dims plates take, and
            ``normalized``, whether the weights sum to 1, are taken here.

    Returns:
        Log weights of shape ``(num_samples,)``, a scalar for one sample; the model's trace and the guide's.

    Raises:
        ValueError: if ``max_plate_nesting`` is not given.
    """
    num_samples = kwargs.pop("num_samples", None) or 1
    nesting = kwargs.pop("max_plate_nesting", None)
    normalized = kwargs.pop("normalized", False)
    if nesting is None:
        raise ValueError("must provide max_plate_nesting: expected how many dims the plates of model and guide take, "
                         "got None. Pass max_plate_nesting=.")

    def in_plate(fn: Any) -> Any:
        def program(*args: Any, **kwargs: Any) -> Any:
            with PlateMessenger("num_particles_vectorized", num_samples, dim=-1 - nesting):
                return fn(*args, **kwargs)

        return fn if num_samples == 1 else program

    model_trace, guide_trace = get_importance_trace(
        "flat", nesting + (num_samples > 1), in_plate(model), in_plate(guide), args, kwargs)
    layout = None if num_samples == 1 else nesting
    log_weights = log_densities(model_trace, layout) - log_densities(guide_trace, layout)
    if normalized:
        log_weights = log_weights.log_softmax(-1)
    return log_weights, model_trace, guide_trace


def psis_diagnostic(model: Any, guide: Any, *args: Any, **kwargs: Any) -> float:
    """The shape of the generalised Pareto distribution that the largest importance weights follow.

    Below 0.5 the guide is close to the posterior and the weights have a finite variance; above 0.7 neither the guide
    nor importance sampling from it can be trusted.

    Args:
        model: the model; it has to broadcast under a plate around it.
        guide: the guide, likewise.
        *args: for both.
        **kwargs: for both; but ``num_particles``, 1000 by default, ``max_simultaneous_particles``, how many of them one
            run takes, all by default, and ``max_plate_nesting``, 7 by default, are taken here.

    Returns:
        The shape, infinite if there are too few particles to tell.

    Raises:
        ValueError: if ``num_particles`` is no multiple of ``max_simultaneous_particles``.

    Warns:
        UserWarning: if there are too few particles to tell.
    """
    num_particles = kwargs.pop("num_particles", 1000)
    at_once = kwargs.pop("max_simultaneous_particles", num_particles)
    nesting = kwargs.pop("max_plate_nesting", 7)
    if num_particles % at_once:
        raise ValueError("num_particles must be divisible by max_simultaneous_particles. Got "
                         f"{num_particles} and {at_once}.")
    with torch.no_grad():
        log_weights = torch.cat([
            vectorized_importance_weights(
                model, guide, *args, num_samples=at_once, max_plate_nesting=nesting, **kwargs)[0].reshape(-1)
            for _ in range(num_particles // at_once)])
    tail = min(int(0.2 * num_particles), int(3 * math.sqrt(num_particles)))
    if tail < 5:
        warnings.warn("Not enough tail samples to compute PSIS diagnostic; increase num_particles.", stacklevel=2)
        return math.inf
    largest = (log_weights - log_weights.max()).exp().sort(descending=True).values[:tail + 1]
    excess = largest[:-1] - largest[-1]
    # equal weights, those of the posterior itself, have no tail
    return fit_generalized_pareto(excess)[0] if excess[-1] > 0 else -math.inf
