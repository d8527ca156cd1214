"""Which sites and parameters a site depends on, found by running the model with labelled values.

Each sample site's value is labelled with the site's name (:mod:`pyro.ops.provenance`). The labels of a site's
log-density, and those of its value before it got its own, are the sites and parameters that it depends on.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from torch import Tensor

from pyro.distributions.delta import Delta
from pyro.distributions.distribution import Distribution
from pyro.distributions.torch_distribution import ExpandedDistribution, Independent, MaskedDistribution
from pyro.ops.provenance import FollowProvenance, detach_provenance, track_provenance
from pyro.poutine import handlers
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

__all__ = ["LabellingMessenger", "TrackProvenance", "is_computed", "is_sample_site", "site_is_deterministic",
           "trace_with_parents", "unwrapped"]


def unwrapped(fn: Any) -> Any:
    """The distribution itself, without what says how many there are and which of them count.

    Args:
        fn: a distribution, or whatever else stands behind a sample statement.
    """
    while isinstance(fn, ExpandedDistribution | Independent | MaskedDistribution):
        fn = fn.base_dist
    return fn


def site_is_deterministic(msg: Any) -> bool:
    """Whether a site is a :func:`pyro.deterministic` statement.

    Args:
        msg: the site.
    """
    return msg["type"] == "sample" and bool(msg["infer"].get("_deterministic"))


def is_computed(site: Any) -> bool:
    """Whether a sample site's value is computed: a ``Delta``, as :func:`pyro.deterministic` statements are too.

    Args:
        site: the site.
    """
    return isinstance(unwrapped(site["fn"]), Delta)


def is_sample_site(msg: Any, *, include_deterministic: bool = False) -> bool:
    """Whether a site is a random variable, rather than a parameter, the rows of a plate or a computed value.

    Args:
        msg: the site.
        include_deterministic: whether computed values count, those of :func:`pyro.deterministic` and of ``Delta``.
    """
    if msg["type"] != "sample" or site_is_subsample(msg):
        return False
    return include_deterministic or not is_computed(msg)


class LabellingMessenger(Messenger):
    """Base of handlers that label values, and follow the labels as long as they are installed.

    Args:
        follow: follows them.
    """

    def __init__(self, follow: FollowProvenance) -> None:
        super().__init__()
        self._follow = follow

    def __enter__(self) -> Self:
        super().__enter__()
        self._follow.__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        self._follow.__exit__(exc_type, exc_value, traceback)  # type: ignore[no-untyped-call]
        return super().__exit__(exc_type, exc_value, traceback)


class TrackProvenance(LabellingMessenger):
    """Labels the values of sites and parameters with their names, to be installed around a :func:`pyro.poutine.trace`.

    Parameters stay the tensors they are: their memory is labelled, so that modules which hold them are followed too.

    Args:
        include_deterministic: whether computed values get labels of their own instead of passing on others'.
    """

    def __init__(self, *, include_deterministic: bool = False) -> None:
        super().__init__(FollowProvenance())
        self.include_deterministic = include_deterministic
        self._sources: dict[str, frozenset[str]] = {}

    def _pyro_post_sample(self, msg: Message) -> None:
        name, value = str(msg["name"]), msg["value"]
        source = self._follow.provenance(value)
        self._sources[name] = source
        is_hidden = msg["infer"].get("_do_not_trace")
        if is_hidden or not is_sample_site(msg, include_deterministic=self.include_deterministic):
            return
        if source and isinstance(value, Tensor):
            value = value.clone()  # its memory is labelled: the site's readers depend on the site, not on its sources
        msg["value"] = track_provenance(detach_provenance(value), frozenset({name}))

    def _pyro_post_param(self, msg: Message) -> None:
        self._follow.mark(msg["value"], frozenset({str(msg["name"])}))

    def parents(self, site: Any) -> frozenset[str]:
        """The sites and parameters that a site depends on; to be asked inside of this handler.

        Args:
            site: a sample site of the trace inside.

        Returns:
            Their names, which do not include the site's own.
        """
        fn, name = site["fn"], site["name"]
        log_prob = None
        if isinstance(fn, Distribution):
            # without a density, what the value was drawn from tells all there is to know
            with suppress(NotImplementedError):
                log_prob = fn.log_prob(site["value"], *site["args"], **site["kwargs"])
        return (self._follow.provenance(log_prob) | self._sources.get(name, frozenset())) - {name}


def trace_with_parents(
    model: Callable[..., Any],
    args: Iterable[Any] | None = None,
    kwargs: Mapping[str, Any] | None = None,
    include_deterministic: bool = False,
) -> tuple[Trace, dict[str, frozenset[str]]]:
    """Runs a model to find out what its sites depend on.

    Args:
        model: the model.
        args: its arguments.
        kwargs: its keyword arguments.
        include_deterministic: as for :class:`TrackProvenance`.

    Returns:
        The trace, and for each sample site, computed ones included, the sites and parameters that it depends on.
    """
    with TrackProvenance(include_deterministic=include_deterministic) as tracker:
        trace = handlers.trace(model).get_trace(*(args or ()), **(kwargs or {}))
        parents = {name: tracker.parents(site) for name, site in trace.nodes.items()
                   if is_sample_site(site, include_deterministic=True)}
    return trace, parents
