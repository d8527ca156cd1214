r"""Expectations of costs whose derivatives are right to every order: the infinitely differentiable estimator.

A cost :math:`C` that depends on the sites :math:`z_1, \dots, z_n` of a guide q enters with the weight

.. math::
    \prod_i w_i, \qquad \log w_i = \log q(z_i) - \bot \log q(z_i)

where :math:`\bot` stops gradients: the weight is one, and its derivatives are those of the score function. A site that
is enumerated has all of its values, and the weight of each is its probability; a site with S samples has the weight
above divided by S. A site that carries gradients through its value needs no weight. A cost depends on the sites that
stand in no other plates than the cost does.

Reference: J. Foerster, G. Farquhar, M. Al-Shedivat, T. Rocktaeschel, E. Xing and S. Whiteson (2018), *DiCE: the
infinitely differentiable Monte Carlo estimator*.
"""

import math
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.util import is_identically_zero
from pyro.ops.einsum import contract
from pyro.ops.packed import Packed, unpack
from pyro.poutine.trace_struct import Trace

__all__ = ["Dice", "compute_site_dice_factor"]


def compute_site_dice_factor(site: Any) -> tuple[Any, float]:
    """The logarithm of a site's weight, and of how many traces visit the site's values in turn.

    Args:
        site: a site of a guide, with packed score parts.

    Returns:
        A packed tensor, or zero where the site needs no weight; and the logarithm of the number of traces, zero unless
        the site is enumerated one value after the other.
    """
    infer = site["infer"]
    score = site["packed"]["score_parts"].score_function
    num_samples, log_traces = infer.get("num_samples"), math.log(infer.get("_enum_total", 1))
    is_enumerated = infer.get("_enumerate_dim") is not None or "_enum_total" in infer
    if is_enumerated and num_samples is None:
        return score, log_traces
    if not is_identically_zero(score):
        score = score.map(lambda log_prob: log_prob - log_prob.detach())
    if is_enumerated:
        log_prob = site["packed"]["log_prob"]
        score = score if isinstance(score, Packed) else log_prob.map(torch.zeros_like)
        score = score.map(lambda log_weight: log_weight - math.log(num_samples))
    return score, log_traces


class Dice:
    """The weights of a guide's sites.

    Args:
        guide_trace: a run of the guide, packed, with score parts.
        ordering: for each site by name where it stands, as anything that can be compared by ``<=``, mostly the set of
            its plates: a site matters to those that stand at the same place or later.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> from pyro import poutine
        >>> p = torch.tensor(0.3, requires_grad=True)
        >>> guide = poutine.enum(lambda: pyro.sample("z", dist.Bernoulli(p), infer={"enumerate": "parallel"}), -1)
        >>> run = poutine.trace(guide).get_trace()
        >>> run.compute_score_parts()
        >>> run.pack_tensors()
        >>> cost = run.nodes["z"]["packed"]["log_prob"].map(lambda _: torch.tensor([1.0, 11.0]))
        >>> Dice(run, {"z": frozenset()}).compute_expectation({frozenset(): [cost]})
        tensor(4., grad_fn=<AddBackward0>)
    """

    def __init__(self, guide_trace: Trace, ordering: Mapping[str, Any]) -> None:
        self._factors: list[tuple[Any, Any, float]] = []
        for name, site in guide_trace.nodes.items():
            if site["type"] == "sample" and name in ordering:
                self._factors.append((ordering[name], *compute_site_dice_factor(site)))

    def _weight(self, ordinal: Any, dims: str) -> tuple[Packed, float]:
        """The weight of costs that stand somewhere and have some dims, and the number of traces they are met in."""
        upstream = [(factor, log_traces) for place, factor, log_traces in self._factors if place <= ordinal]
        repeats = math.exp(sum(log_traces for place, _, log_traces in self._factors if not place <= ordinal))
        factors = [factor for factor, _ in upstream if isinstance(factor, Packed)]
        if not factors:
            return Packed(torch.ones(()), ""), repeats
        kept = "".join(sorted(set(dims) & set("".join(factor.dims for factor in factors))))
        equation = ",".join(factor.dims for factor in factors) + "->" + kept
        return Packed(contract(equation, *(factor.tensor.exp() for factor in factors)), kept), repeats

    def compute_expectation(self, costs: Mapping[Hashable, Iterable[Packed]]) -> Tensor | float:
        """The expected sum of costs.

        Args:
            costs: packed tensors, by the place that they stand at.

        Returns:
            A scalar, to be differentiated as often as needed. Costs of weight zero do not count, whatever they are.
        """
        total: Tensor | float = 0.0
        for ordinal, terms in costs.items():
            for cost in terms:
                weight, repeats = self._weight(ordinal, cost.dims)
                places = {symbol: position - len(cost.dims) for position, symbol in enumerate(cost.dims)}
                aligned = unpack(weight, places)
                counted = torch.where(aligned > 0, cost.tensor, torch.zeros_like(cost.tensor))
                total = total + (counted * aligned).sum() / repeats
        return total
