r"""The ELBO with analytic Kullback-Leibler divergences, for guides that factorise as the model does.

.. math::
    E_q[\log p(x \mid z)] - \sum_i E_q[KL(q_i(z_i) \,\|\, p_i(z_i))]

Each divergence is in closed form where torch's registry has one for the pair of families, and by Monte Carlo elsewhere.
That is the ELBO if what the model's ``p_i`` depends on is drawn before ``z_i`` in the guide too.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.distributions import kl_divergence

from pyro.distributions.torch_distribution import MaskedDistribution
from pyro.distributions.util import is_identically_zero, scale_and_mask
from pyro.infer.terms import add, costs_of_guide, costs_of_model, from_prior
from pyro.infer.trace_elbo import Trace_ELBO
from pyro.infer.util import check_fully_reparametrized
from pyro.ops.shown_once import warn_once
from pyro.ops.validation import is_validation_enabled
from pyro.poutine.trace_struct import Trace

__all__ = ["JitTraceMeanField_ELBO", "TraceMeanField_ELBO"]


def _check_order(model_trace: Trace, guide_trace: Trace) -> None:
    """Warns if the latent sites that model and guide share come in different orders."""
    orders = [[site["name"] for site in first.nodes.values()
               if site["type"] == "sample" and not site["is_observed"] and site["name"] in second]
              for first, second in ((model_trace, guide_trace), (guide_trace, model_trace))]
    if orders[0] != orders[1] and set(orders[0]) == set(orders[1]):
        warn_once(f"Failed to verify that the guide factorises as the model does: the model's latent sites come in "
                  f"the order {orders[0]}, the guide's in {orders[1]}. If the prior of a site depends on one that "
                  "the guide draws later, the loss is biased. Put the guide's sites into the model's order, or use "
                  "Trace_ELBO.", stacklevel=2)


def _check_prior_sites(model_trace: Trace, guide_trace: Trace) -> None:
    for site in from_prior(model_trace, guide_trace):
        score = site["fn"].score_parts(site["value"], *site["args"], **site["kwargs"]).score_function
        if not is_identically_zero(score) and score.requires_grad:
            raise NotImplementedError(f"Site '{site['name']}', which the guide leaves to the prior, needs a "
                                      "score-function gradient. Use Trace_ELBO.")


def _split_mask(site: Any) -> tuple[Any, Any]:
    """A site's distribution without masks, and the mask of both."""
    fn, mask = site["fn"], site["mask"]
    while isinstance(fn, MaskedDistribution):
        mask, fn = _both(mask, fn._mask), fn.base_dist
    return fn, mask


def _both(a: Any, b: Any) -> Any:
    if a is None or a is True or _is_same(a, b):
        return b
    return a if b is None or b is True else a & b


def _is_same(a: Any, b: Any) -> bool:
    """Whether two scales or masks are known to be the same without reading them."""
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return a is b or (a.shape == b.shape and a.stride() == b.stride() and a.dtype == b.dtype
                          and a.data_ptr() == b.data_ptr())
    return not isinstance(a, Tensor) and not isinstance(b, Tensor) and bool(a == b)


def _divergence(model_site: Any, guide_site: Any) -> Any:
    """``E[log q - log p]`` of a site, by Monte Carlo as far as it must be."""
    log_p, log_q = model_site["log_prob"], guide_site["score_parts"].entropy_term
    (p, p_mask), (q, q_mask) = _split_mask(model_site), _split_mask(guide_site)
    if _is_same(model_site["scale"], guide_site["scale"]):
        try:
            divergence = kl_divergence(q, p)
        except NotImplementedError:
            return _sum(log_q) - _sum(log_p)
        scale = guide_site["scale"]
        # as many as there are log-densities
        divergence = divergence.expand(torch.broadcast_shapes(divergence.shape, guide_site["log_prob"].shape))
        if p_mask is None or q_mask is None or _is_same(p_mask, q_mask):
            p_only, q_only, both = _rest(p_mask, q_mask), _rest(q_mask, p_mask), _both(p_mask, q_mask)
        else:
            p_mask, q_mask = torch.as_tensor(p_mask), torch.as_tensor(q_mask)
            p_only, q_only, both = p_mask & ~q_mask, q_mask & ~p_mask, p_mask & q_mask
        total = _sum(scale_and_mask(divergence, scale, both))
        # where only one of the two counts, there is no divergence
        for sign, rest, log_density in ((-1, p_only, log_p), (1, q_only, log_q)):
            if rest is not False:
                total = total + sign * _sum(scale_and_mask(log_density, 1.0, rest))
        return total
    return _sum(log_q) - _sum(log_p)


def _rest(mask: Any, other: Any) -> Any:
    """Where a mask holds and another does not, if one of them is ``None`` or they are the same."""
    if other is None or other is True or _is_same(mask, other):
        return False
    return ~torch.as_tensor(other)


def _sum(term: Any) -> Any:
    return term.sum() if isinstance(term, Tensor) else term


class TraceMeanField_ELBO(Trace_ELBO):
    """The ELBO with analytic divergences, for guides whose values all carry gradients.

    See :class:`~pyro.infer.Trace_ELBO` for the arguments. With ``stick_the_landing`` the loss is that of the
    divergences and the gradient that of their Monte Carlo estimates, which has no variance at the posterior.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     pyro.sample("z", dist.Normal(0.0, 1.0))
        >>> def guide():
        ...     pyro.sample("z", dist.Normal(1.0, 1.0))
        >>> TraceMeanField_ELBO().loss(model, guide)
        0.5
    """

    def _get_trace(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Trace, Trace]:
        model_trace, guide_trace = super()._get_trace(model, guide, args, kwargs)
        if is_validation_enabled():
            _check_order(model_trace, guide_trace)
        return model_trace, guide_trace

    def _particles(
        self, model: Any, guide: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[tuple[Tensor, Tensor]]:
        for model_trace, guide_trace in self._get_traces(model, guide, args, kwargs):
            for site in costs_of_guide(guide_trace):
                check_fully_reparametrized(site)
            _check_prior_sites(model_trace, guide_trace)
            loss = _loss(model_trace, guide_trace) / self.num_particles
            surrogate = loss
            if self.stick_the_landing and torch.is_grad_enabled():
                log_p = [site["log_prob_sum"] for site in costs_of_model(model_trace, guide_trace)]
                log_q = [_sum(site["score_parts"].entropy_term) for site in costs_of_guide(guide_trace)]
                surrogate = torch.as_tensor((add(log_q) - add(log_p)) / self.num_particles)
            yield loss, surrogate


def _loss(model_trace: Trace, guide_trace: Trace) -> Tensor:
    costs: list[Any] = []
    for site in costs_of_model(model_trace, guide_trace):
        if site["is_observed"]:
            costs.append(-site["log_prob_sum"])
        else:
            costs.append(_divergence(site, guide_trace.nodes[site["name"]]))
    for site in costs_of_guide(guide_trace):
        in_model = model_trace.nodes.get(site["name"])
        if in_model is None or in_model["is_observed"]:
            costs.append(_sum(site["score_parts"].entropy_term))
    return torch.as_tensor(add(costs))


class JitTraceMeanField_ELBO(TraceMeanField_ELBO):
    """:class:`TraceMeanField_ELBO`, with which :class:`~pyro.infer.SVI` compiles its steps.

    See :class:`~pyro.infer.Trace_ELBO` for the arguments.
    """

    compiles_steps = True
