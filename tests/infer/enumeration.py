"""The loss of programs with discrete latent sites, summed over all of their values: slow, and hard to get wrong."""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

from pyro import poutine
from pyro.poutine.util import site_is_subsample


def _latent_sites(trace: poutine.Trace) -> dict[str, Any]:
    return {name: site for name, site in trace.nodes.items()
            if site["type"] == "sample" and not site["is_observed"] and not site_is_subsample(site)}


def _assignments(sites: dict[str, Any]) -> Iterator[dict[str, Tensor]]:
    """All joint values of discrete sites with scalar events."""
    columns = []
    for site in sites.values():
        support = site["fn"].enumerate_support(expand=False).flatten()
        shape = site["fn"].batch_shape
        columns.append([torch.stack(row).reshape(shape)
                        for row in itertools.product(support, repeat=math.prod(shape))])
    for values in itertools.product(*columns):
        yield dict(zip(sites, values, strict=True))


def enumerated_loss(model: Callable[[], Any], guide: Callable[[], Any]) -> Tensor:
    """``E_q[log q - log p]`` as a sum over all values of the latent sites.

    ``q`` draws the guide's sites, and from the prior those that only the model has. Scales and masks change what a site
    counts, not how it is drawn.
    """
    guide_run = poutine.trace(guide).get_trace()
    guided = _latent_sites(guide_run)
    model_run = poutine.trace(poutine.replay(model, trace=guide_run)).get_trace()
    from_prior = {name: site for name, site in _latent_sites(model_run).items() if name not in guided}
    total = torch.zeros(())
    for values in _assignments({**guided, **from_prior}):
        q = poutine.trace(poutine.condition(guide, values)).get_trace()
        p = poutine.trace(poutine.condition(model, values)).get_trace()
        for run in (q, p):
            run.compute_log_prob()
        drawn = [(q, name) for name in guided] + [(p, name) for name in from_prior]
        log_weight = sum(run.nodes[name]["fn"].log_prob(values[name]).sum() for run, name in drawn)
        cost = sum(site["log_prob_sum"] for site in q.nodes.values() if site["type"] == "sample") - sum(
            site["log_prob_sum"] for name, site in p.nodes.items()
            if site["type"] == "sample" and name not in from_prior)
        total = total + torch.exp(log_weight) * cost
    return total
