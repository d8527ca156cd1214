r"""The ELBO with score-function gradients that see only what depends on the value: Rao-Blackwellised.

A site ``z_i`` without pathwise gradient contributes :math:`\nabla \log q_i(z_i)` times its cost. Terms of
``log p - log q`` that do not depend on ``z_i`` add noise only; here the cost has just those that do. What depends on
what is found out as the programs run: values carry labels through torch operations (:mod:`pyro.ops.provenance`), and
within plates rows are independent. A value that the program reads, to branch on it for example, counts as a source of
all sites after that.

References:
    J. Schulman, N. Heess, T. Weber and P. Abbeel (2015), *Gradient estimation using stochastic computation graphs*;
    R. Ranganath, S. Gerrish and D. Blei (2014), *Black box variational inference*.
"""

import math
import sys
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pyro.infer.baselines import Averages, baseline
from pyro.infer.checks import check_if_enumerated
from pyro.infer.enum import get_importance_trace
from pyro.infer.surrogate_elbo import SurrogateELBO
from pyro.infer.terms import add, costs_of_guide, costs_of_model, log_ratios, scores
from pyro.infer.track_provenance import LabellingMessenger
from pyro.infer.util import MultiFrameTensor
from pyro.ops.provenance import FollowProvenance, detach_provenance, track_provenance
from pyro.ops.validation import collecting, is_validation_enabled
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace, batch_sum

__all__ = ["JitTraceGraph_ELBO", "TraceGraph_ELBO", "TrackNonReparam"]

_READS = {Tensor.item, Tensor.tolist, Tensor.numpy, Tensor.__bool__, Tensor.__int__, Tensor.__float__, Tensor.__index__,
          Tensor.__array__, torch.equal, torch.allclose, Tensor.equal, Tensor.allclose}
# their reads decide whether to raise, not what comes next
_CHECKS = ("pyro.ops.validation", "pyro.distributions.", "torch.distributions.")
_LABELLED = "log_prob", "log_prob_sum", "unscaled_log_prob", "score_parts", "value"


class _FollowReads(FollowProvenance):
    """Keeps the labels of what the program has read, too."""

    def __init__(self) -> None:
        super().__init__()
        self.read: frozenset[str] = frozenset()

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _READS and not sys._getframe(1).f_globals.get("__name__", "").startswith(_CHECKS):
            self.read |= self.provenance(tuple(args))
        return super().__torch_function__(func, types, args, kwargs)

    def sources(self, x: Any, seen: set[int]) -> frozenset[str]:
        """The labels of all tensors in a nest of containers and objects, such as a distribution."""
        if id(x) in seen or isinstance(x, (type, torch.nn.Module)):
            return frozenset()
        seen.add(id(x))
        if isinstance(x, Tensor):
            return self.provenance(x)
        items = x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else getattr(
            x, "__dict__", {}).values()
        return frozenset().union(*(self.sources(item, seen) for item in items))


class TrackNonReparam(LabellingMessenger):
    """Labels the values of latent sites that carry no gradients with the sites' names.

    Every sample site gets a ``provenance``: the names of the labelled sites on which its log-density depends. To be
    installed around a :func:`pyro.poutine.trace`.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> def model():
        ...     a = pyro.sample("a", dist.Bernoulli(0.5))
        ...     b = pyro.sample("b", dist.Normal(a, 1.0))
        ...     pyro.sample("c", dist.Normal(b, 1.0))
        >>> with TrackNonReparam():
        ...     trace = pyro.poutine.trace(model).get_trace()
        >>> trace.nodes["c"]["provenance"]
        frozenset({'a'})
    """

    _follow: _FollowReads

    def __init__(self) -> None:
        super().__init__(_FollowReads())

    def _pyro_post_sample(self, msg: Message) -> None:
        # the distribution's labels as well as the value's: some draws and densities lose labels
        parts = (msg["fn"], msg["args"], msg["kwargs"], msg["value"], msg["scale"], msg["mask"])
        sources = self._follow.sources(parts, set()) | self._follow.read
        if is_labelled(msg):
            sources |= {str(msg["name"])}
        if not msg["is_observed"]:
            msg["value"] = track_provenance(msg["value"], sources)
        msg["provenance"] = sources  # type: ignore[typeddict-unknown-key]


def is_labelled(site: Any) -> bool:
    """Whether a site's value gets a label."""
    return not site["is_observed"] and not getattr(site["fn"], "has_rsample", False)


class TraceGraph_ELBO(SurrogateELBO):
    """The ELBO for guides with discrete sites, or others whose values carry no gradients.

    See :class:`~pyro.infer.elbo.ELBO` for the arguments, and :mod:`pyro.infer.baselines` for the baselines that a
    guide's site can ask for. Labels do not pass through ``torch.autograd.Function`` and compiled functions: a
    value that reaches a site only through those counts as independent of it.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     z = pyro.sample("z", dist.Bernoulli(0.5))
        ...     pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(0.0))
        >>> def guide():
        ...     baseline = {"use_decaying_avg_baseline": True}
        ...     pyro.sample("z", dist.Bernoulli(0.3), infer={"baseline": baseline})
        >>> loss = TraceGraph_ELBO(num_particles=100).loss(model, guide)
    """

    def __init__(
        self,
        num_particles: int = 1,
        max_plate_nesting: float = math.inf,
        max_iarange_nesting: int | None = None,
        vectorize_particles: bool = False,
        strict_enumeration_warning: bool = True,
        ignore_jit_warnings: bool = False,
        jit_options: dict[str, Any] | None = None,
        retain_graph: bool | None = None,
        tail_adaptive_beta: float = -1.0,
    ) -> None:
        super().__init__(num_particles, max_plate_nesting, max_iarange_nesting, vectorize_particles,
                         strict_enumeration_warning, ignore_jit_warnings, jit_options, retain_graph, tail_adaptive_beta)
        self._averages = Averages()

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        with collecting() as verdicts:
            with TrackNonReparam():
                model_trace, guide_trace = get_importance_trace(
                    "flat", self.max_plate_nesting, model, guide, args, kwargs)
            # labels have served their purpose: what comes next is plain
            verdicts.pending[:] = [(detach_provenance(ok), error) for ok, error in verdicts.pending]
            verdicts.watched[:] = [(name, detach_provenance(value)) for name, value in verdicts.watched]
        for trace in (model_trace, guide_trace):
            for site in trace.nodes.values():
                site.update((key, detach_provenance(site[key])) for key in _LABELLED if key in site)
        if is_validation_enabled():
            check_if_enumerated(guide_trace)
        return model_trace, guide_trace

    def _particles(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Each particle's share of the loss, and of the function to differentiate."""
        for model_trace, guide_trace in self._get_traces(model, guide, args, kwargs):
            loss, surrogate = self._loss_and_surrogate(model_trace, guide_trace)
            yield torch.as_tensor(loss) / self.num_particles, torch.as_tensor(surrogate) / self.num_particles

    def _loss_and_surrogate(self, model_trace: Trace, guide_trace: Trace) -> tuple[Any, Any]:
        log_p = add([site["log_prob_sum"] for site in costs_of_model(model_trace, guide_trace)])
        loss = add([site["log_prob_sum"] for site in costs_of_guide(guide_trace)]) - log_p
        if not torch.is_grad_enabled():
            return loss, loss
        surrogate = add([batch_sum(site["score_parts"].entropy_term) for site in costs_of_guide(guide_trace)]) - log_p
        everything: MultiFrameTensor | None = None
        for site, score in scores(model_trace, guide_trace):
            score = detach_provenance(score)
            if is_labelled(site):
                ratios = log_ratios(model_trace, guide_trace, downstream_of=site["name"])
            else:  # a factor, or a draw that is pathwise in part only
                ratios = everything = everything or log_ratios(model_trace, guide_trace)
            cost = ratios.sum_to(site["cond_indep_stack"])
            if cost is not None:
                surrogate = surrogate + self._score_term(site, score, cost)
        return loss, surrogate

    def _score_term(self, site: Any, score: Any, cost: Tensor) -> Tensor:
        """Minus the score times the cost beyond the baseline, and the baseline's own error."""
        expected, error = baseline(site, cost, self._averages)
        term: Tensor = -(score * (cost if expected is None else cost - expected)).sum()
        return term if error is None else term + error


class JitTraceGraph_ELBO(TraceGraph_ELBO):
    """:class:`TraceGraph_ELBO`, with which :class:`~pyro.infer.SVI` compiles its steps.

    See :class:`~pyro.infer.elbo.ELBO` for the arguments.
    """

    compiles_steps = True
