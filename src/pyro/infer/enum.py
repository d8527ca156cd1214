"""Traces of a model and a guide that belong together."""

from typing import Any, Literal

import torch
from torch import Tensor
from torch.distributions import biject_to
from torch.distributions.transforms import Transform

from pyro.distributions.delta import Delta
from pyro.distributions.normal import Normal
from pyro.distributions.util import sum_rightmost
from pyro.infer.checks import check_model_guide_match, check_site_shape
from pyro.ops.provenance import get_provenance
from pyro.ops.validation import is_validation_enabled
from pyro.poutine.handlers import replay, trace
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import prune_subsample_sites

__all__ = ["get_importance_trace", "leave_out_observed_parts"]


def _run(fn: Any, graph_type: Literal["flat", "dense"], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Trace:
    handler = trace(fn, graph_type=graph_type)
    handler(*args, **kwargs)
    return handler.trace  # type: ignore[no-any-return]


def get_importance_trace(
    graph_type: Literal["flat", "dense"],
    max_plate_nesting: float,
    model: Any,
    guide: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    detach: bool = False,
) -> tuple[Trace, Trace]:
    """Runs a guide, then its model on the guide's values, and computes all log-densities.

    Args:
        graph_type: of the traces.
        max_plate_nesting: how many dims plates take.
        model: the model.
        guide: the guide.
        args: positional arguments of both.
        kwargs: keyword arguments of both.
        detach: whether gradients stop at the guide's values.

    Returns:
        The model's trace with log-densities and the guide's with score parts, both without plates' rows.

    Raises:
        ValueError: if the two do not fit, or a site does not have its plates' shape; names the site.
    """
    guide_trace = _run(guide, graph_type, args, kwargs)
    if detach:
        guide_trace.detach_()
    model_trace = _run(replay(model, trace=guide_trace), graph_type, args, kwargs)
    validates = is_validation_enabled()
    if validates:
        check_model_guide_match(model_trace, guide_trace, max_plate_nesting)
    # the choice of rows has no density
    model_trace, guide_trace = prune_subsample_sites(model_trace), prune_subsample_sites(guide_trace)
    leave_out_observed_parts(model_trace, guide_trace)
    model_trace.compute_log_prob()
    guide_trace.compute_score_parts()
    for site in (*model_trace.nodes.values(), *guide_trace.nodes.values()) if validates else ():
        if site["type"] == "sample":
            check_site_shape(site, max_plate_nesting)
    return model_trace, guide_trace


def leave_out_observed_parts(model_trace: Trace, guide_trace: Trace) -> None:
    """Masks the guide's densities of elements that the model has observed at a site with ``obs_mask``.

    What a guide draws there goes nowhere, and the model's density leaves it out. If the guide's stayed, the bound would
    reward the entropy of draws that mean nothing: scales would grow for ever. A guide that draws many sites together
    has no density of these elements alone; there they get a prior, the standard normal in unconstrained space.

    Args:
        model_trace: a run of the model, replayed against the guide's.
        guide_trace: the guide's run; its sites are changed before their densities are computed.
    """
    for name, site in model_trace.nodes.items():
        if site["type"] != "sample" or site["is_observed"] or name not in guide_trace:
            continue
        latent = site["infer"].get("_latent_part")
        if latent is None:
            continue
        own = guide_trace.nodes[name]
        if "_drawn_elsewhere" in own["infer"]:
            own["fn"] = _over_prior(own["fn"], biject_to(site["fn"].support), latent)
        else:
            own["mask"] = latent if own["mask"] is None else own["mask"] & latent
        if "provenance" in own:  # by :class:`~pyro.infer.tracegraph_elbo.TrackNonReparam`
            own["provenance"] |= get_provenance(latent)


def _over_prior(fn: Delta, transform: Transform, latent: bool | Tensor) -> Delta:
    """The image of a draw, whose density is divided by the prior where it is not latent."""
    unconstrained = transform.inv(fn.v)
    log_det = transform.log_abs_det_jacobian(unconstrained, fn.v)
    normal = Normal(torch.zeros_like(unconstrained), 1.0).log_prob(unconstrained)
    batch = fn.v.dim() - fn.event_dim
    prior = sum_rightmost(normal, normal.dim() - batch) - sum_rightmost(log_det, log_det.dim() - batch)
    kept = torch.as_tensor(latent, device=prior.device)
    return Delta(fn.v, log_density=fn.log_density - torch.where(kept, 0.0, prior), event_dim=fn.event_dim)
