"""Traces of a model and a guide that belong together."""

from typing import Any, Literal

from pyro.infer.checks import check_model_guide_match, check_site_shape
from pyro.ops.validation import is_validation_enabled
from pyro.poutine.handlers import replay, trace
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import prune_subsample_sites

__all__ = ["get_importance_trace"]


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
    model_trace.compute_log_prob()
    guide_trace.compute_score_parts()
    for site in (*model_trace.nodes.values(), *guide_trace.nodes.values()) if validates else ():
        if site["type"] == "sample":
            check_site_shape(site, max_plate_nesting)
    return model_trace, guide_trace
