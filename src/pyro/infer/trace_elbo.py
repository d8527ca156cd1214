"""The ELBO by one trace a particle: pathwise gradients where values carry them, score-function gradients elsewhere.

For one sample ``z ~ q`` the estimate is ``log p(x, z) - log q(z)``. Its gradient is estimated by that of the surrogate

    log p(x, z) - sum over pathwise i: log q_i(z_i) + sum over the other i: [L_i] log q_i(z_i),

where ``[L_i]`` is a constant: the sum of all ``log p - log q`` terms but those that stand, in a common plate, in other
rows than ``z_i`` and so cannot depend on it.

References:
    D. Wingate and T. Weber (2013), *Automated variational inference in probabilistic programming*;
    R. Ranganath, S. Gerrish and D. Blei (2014), *Black box variational inference*;
    J. Schulman et al. (2015), *Gradient estimation using stochastic computation graphs*.
"""

import functools
import operator
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pyro.distributions.util import is_identically_zero
from pyro.infer.checks import check_if_enumerated
from pyro.infer.elbo import ELBO
from pyro.infer.enum import get_importance_trace
from pyro.infer.util import MultiFrameTensor, get_plate_stacks
from pyro.ops.validation import collecting, is_validation_enabled
from pyro.poutine.trace_struct import Trace, batch_sum

__all__ = ["JitTrace_ELBO", "Trace_ELBO"]


def _guide_sites(model_trace: Trace, guide_trace: Trace) -> Iterator[tuple[str, Any]]:
    """The sites of ``q``: the guide's, and the latent sites of the model that the guide leaves to the prior."""
    for name, site in guide_trace.nodes.items():
        if site["type"] == "sample":
            yield name, site
    for name, site in model_trace.nodes.items():
        if site["type"] == "sample" and not site["is_observed"] and name not in guide_trace:
            yield name, site


def _log_ratios(model_trace: Trace, guide_trace: Trace) -> MultiFrameTensor:
    """``log p - log q`` of every site, as constants, each at its plates."""
    ratios = MultiFrameTensor()
    for sign, trace in ((1, model_trace), (-1, guide_trace)):
        frames = get_plate_stacks(trace)
        for name, site in trace.nodes.items():
            # a site that the guide leaves to the prior has p = q
            from_prior = sign == 1 and not site.get("is_observed", True) and name not in guide_trace
            if site["type"] == "sample" and not from_prior:
                ratios.add((frames[name], sign * site["log_prob"].detach()))
    return ratios


def _add(terms: list[Any]) -> Any:
    """The sum of scalars; the builtin would begin by adding a tensor to 0."""
    return functools.reduce(operator.add, terms) if terms else 0.0


def _scores(model_trace: Trace, guide_trace: Trace) -> list[tuple[Any, Any]]:
    """The sites of ``q`` whose values carry no gradients, each with the function to differentiate in their place."""
    scores = []
    for name, site in _guide_sites(model_trace, guide_trace):
        if name in guide_trace:
            score = site["score_parts"].score_function
        else:
            score = site["fn"].score_parts(site["value"], *site["args"], **site["kwargs"]).score_function
        if not is_identically_zero(score):
            scores.append((site, score))
    return scores


def _loss_and_surrogate(model_trace: Trace, guide_trace: Trace) -> tuple[Any, Any]:
    """One particle's loss, and the function whose gradient estimates the loss's; often the same tensor."""
    log_p = _add([site["log_prob_sum"] for name, site in model_trace.nodes.items()
                  if site["type"] == "sample" and (site["is_observed"] or name in guide_trace)])
    guide_sites = [site for site in guide_trace.nodes.values() if site["type"] == "sample"]
    loss = _add([site["log_prob_sum"] for site in guide_sites]) - log_p
    scores = _scores(model_trace, guide_trace) if torch.is_grad_enabled() else []
    if not scores:
        return loss, loss
    surrogate = _add([batch_sum(site["score_parts"].entropy_term) for site in guide_sites]) - log_p
    ratios = _log_ratios(model_trace, guide_trace)
    for site, score in scores:
        ratio = ratios.sum_to(site["cond_indep_stack"])
        if ratio is not None:
            surrogate = surrogate - (ratio * score).sum()
    return loss, surrogate


class Trace_ELBO(ELBO):
    """The ELBO by Monte Carlo; for any guide, and best for those whose values carry gradients.

    See :class:`~pyro.infer.elbo.ELBO` for the arguments. Latent sites of the model that the guide does not have are
    drawn from the prior and count as part of the guide.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     pyro.sample("z", dist.Normal(0.0, 1.0))
        >>> Trace_ELBO().loss(model, model)
        0.0
    """

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        model_trace, guide_trace = get_importance_trace("flat", self.max_plate_nesting, model, guide, args, kwargs)
        if is_validation_enabled():
            check_if_enumerated(guide_trace)
        return model_trace, guide_trace

    def _particles(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Each particle's share of the loss, and of the function to differentiate."""
        for model_trace, guide_trace in self._get_traces(model, guide, args, kwargs):
            loss, surrogate = _loss_and_surrogate(model_trace, guide_trace)
            is_pathwise = surrogate is loss
            if self.num_particles > 1:
                loss = loss / self.num_particles
                surrogate = loss if is_pathwise else surrogate / self.num_particles
            loss = torch.as_tensor(loss)
            yield loss, loss if is_pathwise else torch.as_tensor(surrogate)

    def differentiable_loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> Tensor:
        """Minus the estimate of the ELBO, as a tensor whose gradient estimates the gradient.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            A scalar.
        """
        total: Any = 0.0
        with collecting():
            for loss, surrogate in self._particles(model, guide, args, kwargs):
                total = total + (loss if surrogate is loss else loss.detach() + (surrogate - surrogate.detach()))
        return total  # type: ignore[no-any-return]

    def loss_and_grads(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> float:
        """Adds the estimate of the loss's gradient to the parameters; one particle's graph lives at a time.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            Minus the estimate of the ELBO.
        """
        total: Any = 0.0
        with collecting():
            for loss, surrogate in self._particles(model, guide, args, kwargs):
                if surrogate.requires_grad:
                    surrogate.backward(retain_graph=self.retain_graph)
                total = total + loss.detach()
            return float(total)


class JitTrace_ELBO(Trace_ELBO):
    """:class:`Trace_ELBO`, with which :class:`~pyro.infer.SVI` compiles its steps.

    The same mathematics: only how :meth:`~pyro.infer.SVI.step` runs differs. See :class:`~pyro.infer.elbo.ELBO` for the
    arguments.
    """

    compiles_steps = True

    def loss_and_surrogate_loss(self, model: Any, guide: Any, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """The loss, and the function whose gradient estimates the loss's.

        Args:
            model: the model.
            guide: the guide.
            *args: for both.
            **kwargs: for both.

        Returns:
            Two scalars, the first without gradients.
        """
        losses, surrogates = zip(*self._particles(model, guide, args, kwargs), strict=True)
        return _add([loss.detach() for loss in losses]), _add(list(surrogates))
