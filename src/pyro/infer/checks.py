"""Whether traces of a model and a guide fit together, and whether each site has the shape that its plates declare.

Misfits that change the estimate raise; those that may be meant, such as a latent site that only the model has, warn.
"""

import math
from itertools import zip_longest
from typing import Any

from pyro.distributions.torch_distribution import MaskedDistribution
from pyro.distributions.unit import Unit
from pyro.ops.shown_once import warn_once
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

__all__ = ["check_if_enumerated", "check_model_guide_match", "check_site_shape", "check_traceenum_requirements",
           "check_traces_match"]


def check_traces_match(trace1: Trace, trace2: Trace) -> None:
    """Checks that two runs of one program met the same sites with the same shapes.

    Args:
        trace1: the first run.
        trace2: the second run.

    Raises:
        ValueError: if a shape differs.

    Warns:
        UserWarning: if the names differ.
    """
    names1, names2 = ({name for name, site in trace.nodes.items() if site["type"] == "sample"}
                      for trace in (trace1, trace2))
    if names1 != names2:
        warn_once(f"Program vars change: {sorted(names1 ^ names2)} are in one run only. Sites that come and go "
                  "need an estimator that allows it.", stacklevel=2)
    for name in sorted(names1 & names2):
        shapes = [_shape(trace.nodes[name]) for trace in (trace1, trace2)]
        if None not in shapes and shapes[0] != shapes[1]:
            raise ValueError(f"Site dims disagree at site '{name}': {shapes[0]} in one run, {shapes[1]} in another. "
                             "Give the site one shape.")


def _shape(site: Any) -> tuple[int, ...] | None:
    fn = site["fn"]
    return tuple(fn.shape(*site["args"], **site["kwargs"])) if hasattr(fn, "shape") else None


def _names_by_kind(trace: Trace) -> tuple[set[str], set[str], set[str]]:
    """Names of the latent sites, of the observed sites and of the plates."""
    latents: set[str] = set()
    observed: set[str] = set()
    plates: set[str] = set()
    for name, site in trace.nodes.items():
        if site["type"] == "sample":
            if site_is_subsample(site):
                plates.add(name)
            else:
                (observed if site["is_observed"] else latents).add(name)
    return latents, observed, plates


def check_model_guide_match(model_trace: Trace, guide_trace: Trace, max_plate_nesting: float = math.inf) -> None:
    """Checks that a guide samples what its model needs, in the same shapes.

    Args:
        model_trace: the model's run, replayed against the guide's.
        guide_trace: the guide's run.
        max_plate_nesting: how many dims plates take; dims further left may broadcast.

    Raises:
        ValueError: if shapes or event dims differ at a site, or a factor of the guide does not say whether it is
            pathwise; names the site.

    Warns:
        UserWarning: if a latent site or a plate is in one of the two only, or the guide has an observed site.
    """
    latents, _, model_plates = _names_by_kind(model_trace)
    guided, observed, guide_plates = _names_by_kind(guide_trace)
    auxiliary = {name for name in guided if guide_trace.nodes[name]["infer"].get("is_auxiliary")}
    if guided != latents or auxiliary:
        enumerated = {name for name in latents - guided
                      if model_trace.nodes[name]["infer"].get("_enumerate_dim") is not None}
        _warn_of_names(latents, guided, auxiliary, enumerated)
    for name in observed:
        _check_factor(name, guide_trace.nodes[name]["fn"])
    if observed:
        _warn_of_observations([name for name in guide_trace.nodes if name in observed], guide_trace)
    if not guide_plates <= model_plates:
        warn_once(f"Found plate statements in guide but not model: {sorted(guide_plates - model_plates)}. Give the "
                  "plates the same names in both, or the sites in them no counterparts.", stacklevel=2)
    for name in guided & latents:
        _check_same_shape(name, model_trace.nodes[name], guide_trace.nodes[name], max_plate_nesting)


def _check_factor(name: str, fn: Any) -> None:
    while isinstance(fn, MaskedDistribution):
        fn = fn.base_dist
    if isinstance(fn, Unit) and "has_rsample" not in vars(fn):
        raise ValueError(f"Site '{name}': pyro.factor in a guide is missing specification of has_rsample. Pass "
                         "has_rsample=True if its value carries gradients of the draws that it comes from, "
                         "has_rsample=False if it stands for the density of draws that carry none.")


def _warn_of_names(latents: set[str], guided: set[str], auxiliary: set[str], enumerated: set[str]) -> None:
    if auxiliary & latents:
        warn_once(f"Found auxiliary vars in the model: {sorted(auxiliary & latents)}. Remove "
                  "infer={'is_auxiliary': True} from the guide's sites.", stacklevel=3)
    extra = guided - latents - auxiliary
    if extra:
        warn_once(f"Found non-auxiliary vars in guide but not model: {sorted(extra)}. Correct the names, or mark "
                  "the sites as meant by infer={'is_auxiliary': True}.", stacklevel=3)
    missing = latents - guided - enumerated
    if missing:
        warn_once(f"Found vars in model but not guide: {sorted(missing)}. They are drawn from the prior. Sample "
                  "them in the guide too, or observe them, or enumerate them with TraceEnum_ELBO.", stacklevel=3)


def _warn_of_observations(observed: list[str], guide_trace: Trace) -> None:
    meant = ("is_auxiliary", "_deterministic")
    stray = [name for name in observed if not any(guide_trace.nodes[name]["infer"].get(key) for key in meant)]
    if stray:
        warn_once(f"Found observed sites in the guide: {stray}. Data belong to the model: observe them there. If "
                  "the densities are to be subtracted from the bound, say so by infer={'is_auxiliary': True}.",
                  stacklevel=3)


def _check_same_shape(name: str, model_site: Any, guide_site: Any, max_plate_nesting: float) -> None:
    model_fn, guide_fn = model_site["fn"], guide_site["fn"]
    event_dims = [getattr(fn, "event_dim", None) for fn in (model_fn, guide_fn)]
    if None not in event_dims and event_dims[0] != event_dims[1]:
        raise ValueError(f"Model and guide event_dims disagree at site '{name}': {event_dims[0]} vs {event_dims[1]}. "
                         "Declare the same number of event dims in both by .to_event().")
    model_shape, guide_shape = _shape(model_site), _shape(guide_site)
    if model_shape == guide_shape or model_shape is None or guide_shape is None:
        return
    if max_plate_nesting < math.inf:
        kept = int(max_plate_nesting) + model_fn.event_dim
        model_shape, guide_shape = (shape[max(0, len(shape) - kept):] for shape in (model_shape, guide_shape))
    if any(m != g for m, g in zip_longest(reversed(model_shape), reversed(guide_shape), fillvalue=1)):
        raise ValueError(f"Model and guide shapes disagree at site '{name}': {_shape(model_site)} vs "
                         f"{_shape(guide_site)}. Expand the guide's distribution, or correct its plates.")


def check_site_shape(site: Any, max_plate_nesting: float) -> None:
    """Checks that a site's log-density has the batch shape that its plates declare.

    Dims that no plate declares are free (-1 in the message) right of the outermost plate, and 1 left of it.

    Args:
        site: a sample site with its log-density.
        max_plate_nesting: how many dims plates take; dims further left belong to enumeration and particles.

    Raises:
        ValueError: if it has another shape; names the site and what may have gone wrong.
    """
    actual = list(getattr(site["log_prob"], "shape", ()))
    if not actual and not site["cond_indep_stack"]:
        return
    expected: list[int] = []
    for frame in site["cond_indep_stack"]:
        if frame.dim is None:
            continue
        if frame.dim < -max_plate_nesting:
            raise ValueError(f"Site '{site['name']}': plate '{frame.name}' stands at dim {frame.dim}, further left "
                             f"than max_plate_nesting={max_plate_nesting} allows. Increase max_plate_nesting.")
        expected[:0] = [-1] * (-frame.dim - len(expected))
        if expected[frame.dim] != -1:
            raise ValueError(f"Site '{site['name']}': plate '{frame.name}' collides with another plate at dim "
                             f"{frame.dim}. Give the plates different dims.")
        expected[frame.dim] = frame.size
    if max_plate_nesting < len(actual):
        actual = actual[len(actual) - int(max_plate_nesting):]
    for have, want in zip_longest(reversed(actual), reversed(expected), fillvalue=1):
        if want != -1 and want != have:
            raise ValueError(_wrong_shape(site, expected, actual))


def _wrong_shape(site: Any, expected: list[int], actual: list[int]) -> str:
    lines = [f"at site '{site['name']}', invalid log_prob shape", f"  Expected {expected}, actual {actual}"]
    fn, value = site["fn"], site["value"]
    batch_shape = tuple(getattr(fn, "batch_shape", ()))
    value_batch = tuple(value.shape[:value.dim() - getattr(fn, "event_dim", 0)]) if hasattr(value, "shape") else ()
    if site["is_observed"] and batch_shape and value_batch and len(batch_shape) != len(value_batch):
        lines.append(f"  The observation has batch shape {value_batch}, the distribution {batch_shape}: they broadcast "
                     "to an outer product. Give the observation the distribution's shape, for example by .squeeze(-1).")
    lines += ["  Try one of the following fixes:",
              "  - put the statement into a 'with pyro.plate(...):' context for each batch dim",
              "  - make batch dims part of the event, .to_event(...)",
              "  - .permute() or .squeeze() the data's dims"]
    return "\n".join(lines)


def check_if_enumerated(guide_trace: Trace) -> None:
    """Warns if a guide asks for enumeration, for estimators that do not enumerate.

    Args:
        guide_trace: the guide's run.

    Warns:
        UserWarning: names the sites.
    """
    names = [name for name, site in guide_trace.nodes.items()
             if site["type"] == "sample" and not site["is_observed"] and site["infer"].get("enumerate")]
    if names:
        warn_once(f"Found sample sites configured for enumeration: {', '.join(names)}. This estimator samples "
                  "them. If you want to enumerate sites, use TraceEnum_ELBO instead.", stacklevel=2)


def check_traceenum_requirements(model_trace: Trace, guide_trace: Trace) -> None:
    """Checks that sites come before the enumerated sites of plates that they are not in.

    Plates make enumerated sites independent, so that a site outside may not depend on a single one of them. What
    precedes them cannot.

    Args:
        model_trace: a run of the model.
        guide_trace: a run of the guide.

    Warns:
        UserWarning: if a site follows, so that it might depend on them.
    """
    runs = (("model", model_trace), ("guide", guide_trace))
    enumerated = {name for _, trace in runs for name, site in trace.nodes.items()
                  if site["type"] == "sample" and site["infer"].get("enumerate")}
    for role, trace in runs:
        before: list[str] = []
        for name, site in trace.nodes.items():
            if site["type"] != "sample" or site_is_subsample(site):
                continue
            late = [other for other in before if _may_break_plates(site, trace.nodes[other])]
            if late:
                plates = sorted(set().union(*(_plates(trace.nodes[other])[0] for other in late)) - _plates(site)[0])
                warn_once(f"At {role} site '{name}': possibly invalid dependency. Expected site '{name}' to "
                          f"precede sites {late}, to keep the plates {plates} independent. Move the statement up, "
                          "or into the plates.", stacklevel=2)
            if name in enumerated:
                before.append(name)


def _plates(site: Any) -> tuple[set[str], dict[str, int]]:
    """The names of the plates around a site, and the loops with their counters."""
    stack = site["cond_indep_stack"]
    return ({frame.name for frame in stack if frame.vectorized},
            {frame.name: frame.counter for frame in stack if not frame.vectorized})


def _may_break_plates(site: Any, enumerated: Any) -> bool:
    """Whether an enumerated site is in more plates, and no loop makes the two independent."""
    (outer, loops), (inner, other_loops) = _plates(site), _plates(enumerated)
    return outer < inner and not any(other_loops.get(name, counter) != counter for name, counter in loops.items())
