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

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from pyro.infer.checks import check_if_enumerated
from pyro.infer.enum import get_importance_trace
from pyro.infer.stick_the_landing import get_pathwise_trace
from pyro.infer.surrogate_elbo import SurrogateELBO
from pyro.infer.terms import add, costs_of_guide, costs_of_model, log_ratios, scores
from pyro.ops.validation import is_validation_enabled
from pyro.poutine.trace_struct import Trace, batch_sum

__all__ = ["JitTrace_ELBO", "Trace_ELBO"]


def _loss_and_surrogate(model_trace: Trace, guide_trace: Trace) -> tuple[Any, Any]:
    """One particle's loss, and the function whose gradient estimates the loss's; often the same tensor."""
    log_p = add([site["log_prob_sum"] for site in costs_of_model(model_trace, guide_trace)])
    loss = add([site["log_prob_sum"] for site in costs_of_guide(guide_trace)]) - log_p
    score_terms = scores(model_trace, guide_trace) if torch.is_grad_enabled() else []
    if not score_terms:
        return loss, loss
    surrogate = add([batch_sum(site["score_parts"].entropy_term) for site in costs_of_guide(guide_trace)]) - log_p
    ratios = log_ratios(model_trace, guide_trace)
    for site, score in score_terms:
        ratio = ratios.sum_to(site["cond_indep_stack"])
        if ratio is not None:
            surrogate = surrogate - (ratio * score).sum()
    return loss, surrogate


class Trace_ELBO(SurrogateELBO):
    """The ELBO by Monte Carlo; for any guide, and best for those whose values carry gradients.

    Latent sites of the model that the guide does not have are drawn from the prior and count as part of the guide.

    Args:
        num_particles: how many samples of the guide an estimate averages over.
        max_plate_nesting: how many dims plates take; found out by a run where it is needed.
        max_iarange_nesting: deprecated name of ``max_plate_nesting``.
        vectorize_particles: whether the particles are a dim of the tensors instead of a loop.
        strict_enumeration_warning: see :class:`~pyro.infer.elbo.ELBO`, as for those below.
        ignore_jit_warnings: accepted for old programs.
        jit_options: accepted for old programs.
        retain_graph: as in :meth:`torch.Tensor.backward`.
        tail_adaptive_beta: for the tail-adaptive estimator.
        stick_the_landing: whether to leave out of the gradient the score of the guide, whose mean is zero, where values
            carry gradients: less variance, none where the guide is the posterior; for a second run of the guide. See
            :mod:`pyro.infer.stick_the_landing`.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     pyro.sample("z", dist.Normal(0.0, 1.0))
        >>> Trace_ELBO().loss(model, model)
        0.0
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
        *,
        stick_the_landing: bool = False,
    ) -> None:
        super().__init__(num_particles, max_plate_nesting, max_iarange_nesting, vectorize_particles,
                         strict_enumeration_warning, ignore_jit_warnings, jit_options, retain_graph, tail_adaptive_beta)
        self.stick_the_landing = stick_the_landing

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        if self.stick_the_landing and torch.is_grad_enabled():
            model_trace, guide_trace, _ = get_pathwise_trace(self.max_plate_nesting, model, guide, args, kwargs)
        else:
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
        return add([loss.detach() for loss in losses]), add(list(surrogates))
