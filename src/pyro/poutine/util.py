"""Questions about sites, and the ways in which :func:`pyro.poutine.queue` extends a trace."""

from typing import Any

from pyro.ops.validation import enable_validation, is_validation_enabled
from pyro.poutine.trace_struct import Trace

__all__ = ["all_escape", "discrete_escape", "enable_validation", "enum_extend", "is_validation_enabled", "mc_extend",
           "prune_subsample_sites", "site_is_factor", "site_is_subsample"]


def _draws_from(site: Any, class_name: str) -> bool:
    # by name: subsample_messenger imports this module, and other projects have classes of these names
    return site["type"] == "sample" and type(site["fn"]).__name__ == class_name


def site_is_subsample(site: Any) -> bool:
    """Whether a site holds the rows of a plate."""
    return _draws_from(site, "_Subsample")


def site_is_factor(site: Any) -> bool:
    """Whether a site is a :func:`pyro.factor` statement."""
    return _draws_from(site, "Unit")


def prune_subsample_sites(trace: Trace) -> Trace:
    """A copy of a trace without the sites that hold the rows of plates."""
    trace = trace.copy()
    for name, site in list(trace.nodes.items()):
        if site_is_subsample(site):
            trace.remove_node(name)
    return trace


def _is_new_sample(trace: Trace, msg: Any) -> bool:
    return msg["type"] == "sample" and not msg["is_observed"] and msg["name"] not in trace


def discrete_escape(trace: Trace, msg: Any) -> bool:
    """Leave at a latent site that can be enumerated and is not in the trace yet."""
    return _is_new_sample(trace, msg) and bool(getattr(msg["fn"], "has_enumerate_support", False))


def all_escape(trace: Trace, msg: Any) -> bool:
    """Leave at a latent site that is not in the trace yet."""
    return _is_new_sample(trace, msg)


def _extended(trace: Trace, msg: Any, value: Any) -> Trace:
    new = trace.copy()
    new.add_node(msg["name"], **{**msg, "value": value})
    return new


def enum_extend(trace: Trace, msg: Any, num_samples: int | None = None) -> list[Trace]:
    """One trace for each value of a site.

    Args:
        trace: the run up to the site.
        msg: the site.
        num_samples: at most this many values; ``None`` or a negative number for all.
    """
    values = list(msg["fn"].enumerate_support(*msg["args"], **msg["kwargs"]))
    if num_samples is not None and num_samples >= 0:
        values = values[:num_samples]
    return [_extended(trace, msg, value) for value in values]


def mc_extend(trace: Trace, msg: Any, num_samples: int | None = None) -> list[Trace]:
    """Traces for random values of a site.

    Args:
        trace: the run up to the site.
        msg: the site.
        num_samples: how many; one by default.
    """
    return [_extended(trace, msg, msg["fn"](*msg["args"], **msg["kwargs"])) for _ in range(num_samples or 1)]
