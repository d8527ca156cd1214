"""The terms of which estimates of the ELBO are made, as two traces of one particle (or of all, in a dim) hold them.

``p`` has the model's sites. ``q`` has the guide's, and the latent sites of the model that the guide leaves to the
prior: those are in both, and cancel.
"""

import functools
import operator
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.util import is_identically_zero, sum_rightmost
from pyro.infer.elbo import ELBO
from pyro.infer.util import MultiFrameTensor, get_plate_stacks
from pyro.poutine.trace_struct import Trace

__all__ = ["Particles", "add", "costs_of_guide", "costs_of_model", "from_prior", "get_particles", "log_ratios",
           "scores"]


def add(terms: list[Any]) -> Any:
    """The sum of scalars; the builtin would begin by adding a tensor to 0.

    Args:
        terms: numbers and tensors.
    """
    return functools.reduce(operator.add, terms) if terms else 0.0


def costs_of_model(model_trace: Trace, guide_trace: Trace) -> Iterator[Any]:
    """The model's sites that do not cancel.

    Args:
        model_trace: the model's run.
        guide_trace: the guide's.
    """
    for name, site in model_trace.nodes.items():
        if site["type"] == "sample" and (site["is_observed"] or name in guide_trace):
            yield site


def costs_of_guide(guide_trace: Trace) -> Iterator[Any]:
    """The guide's sample sites.

    Args:
        guide_trace: the guide's run.
    """
    return (site for site in guide_trace.nodes.values() if site["type"] == "sample")


def from_prior(model_trace: Trace, guide_trace: Trace) -> Iterator[Any]:
    """The latent sites of the model that the guide leaves to the prior.

    Args:
        model_trace: the model's run.
        guide_trace: the guide's.
    """
    for name, site in model_trace.nodes.items():
        if site["type"] == "sample" and not site["is_observed"] and name not in guide_trace:
            yield site


def scores(model_trace: Trace, guide_trace: Trace) -> list[tuple[Any, Any]]:
    """The sites of ``q`` whose values carry no gradients, each with the function to differentiate in their place.

    Args:
        model_trace: the model's run.
        guide_trace: the guide's, with score parts.
    """
    pairs = [(site, site["score_parts"].score_function) for site in costs_of_guide(guide_trace)]
    for site in from_prior(model_trace, guide_trace):
        parts = site["fn"].score_parts(site["value"], *site["args"], **site["kwargs"])
        pairs.append((site, parts.score_function))
    return [(site, score) for site, score in pairs if not is_identically_zero(score)]


def log_ratios(model_trace: Trace, guide_trace: Trace, downstream_of: str | None = None) -> MultiFrameTensor:
    """``log p - log q`` of every site, as constants, each at its plates.

    Args:
        model_trace: the model's run.
        guide_trace: the guide's.
        downstream_of: only of the sites with this name in their ``provenance``; see
            :class:`~pyro.infer.tracegraph_elbo.TrackNonReparam`.
    """
    ratios = MultiFrameTensor()
    for sign, trace, sites in ((1, model_trace, costs_of_model(model_trace, guide_trace)),
                               (-1, guide_trace, costs_of_guide(guide_trace))):
        frames = get_plate_stacks(trace)
        for site in sites:
            if downstream_of is None or downstream_of in site["provenance"]:
                ratios.add((frames[site["name"]], sign * site["log_prob"].detach()))
    return ratios


@dataclass(frozen=True)
class Particles:
    """The log-densities of all particles.

    Attributes:
        log_p: the model's, without what cancels.
        log_q: the guide's.
        score: the function to differentiate for the values that carry no gradients, ``None`` if all do.
        fixed_log_weights: ``log_p - log_q`` as functions of the parameters alone, where sites have ``fixed_log_prob``.

    Shape:
        each ``(num_particles,)``
    """

    log_p: Tensor
    log_q: Tensor
    score: Tensor | None
    fixed_log_weights: Tensor | None


def get_particles(
    estimator: ELBO, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Particles:
    """Runs all particles of an estimator.

    Args:
        estimator: says how many there are, and whether they are a dim or a loop.
        model: the model.
        guide: the guide.
        args: positional arguments of both.
        kwargs: keyword arguments of both.
    """
    columns: list[tuple[Any, ...]] = []
    for model_trace, guide_trace in estimator._get_traces(model, guide, args, kwargs):
        total = functools.partial(_sums, dims=int(estimator.max_plate_nesting) if estimator._has_particle_dim else 0)
        p, q = list(costs_of_model(model_trace, guide_trace)), list(costs_of_guide(guide_trace))
        score = [score for _, score in scores(model_trace, guide_trace)] if torch.is_grad_enabled() else []
        fixed = [[site["fixed_log_prob"] for site in sites if "fixed_log_prob" in site] for sites in (p, q)]
        columns.append((total([site["log_prob"] for site in p]), total([site["log_prob"] for site in q]),
                        total(score) if score else None,
                        total(fixed[0]) - total(fixed[1]) if fixed[0] or fixed[1] else None))
    return Particles(*(_stack(column, estimator) for column in zip(*columns, strict=True)))


def _sums(log_probs: list[Tensor], dims: int) -> Any:
    """The sums over all but the particles' dim, which is the leftmost of ``dims``; over everything if there is none."""
    if dims == 0:
        return add([log_prob.sum() for log_prob in log_probs])
    return add([sum_rightmost(log_prob, dims - 1) if log_prob.dim() >= dims else log_prob.sum()
                for log_prob in log_probs])


def _stack(rows: tuple[Any, ...], estimator: ELBO) -> Any:
    if all(row is None for row in rows):
        return None
    tensors = [torch.as_tensor(0.0 if row is None else row) for row in rows]
    return tensors[0].expand(estimator.num_particles) if estimator._has_particle_dim else torch.stack(tensors)
