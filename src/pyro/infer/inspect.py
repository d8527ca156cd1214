"""What depends on what in a model, found by running it once with labelled values, and the picture of it.

Each sample site's value is labelled with the site's name (:mod:`pyro.ops.provenance`); the labels of a site's
log-density, and those of its value before it got its own, are the sites and parameters that it depends on. This is the
structure of one run: other arguments, or other random choices, may run other statements.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from torch import Tensor
from torch.distributions import constraints

from pyro.distributions.delta import Delta
from pyro.distributions.distribution import Distribution
from pyro.distributions.torch_distribution import ExpandedDistribution, Independent, MaskedDistribution
from pyro.infer.render import ModelRelations, draw, save, to_dot
from pyro.ops.provenance import FollowProvenance, detach_provenance, track_provenance
from pyro.params.param_store import _PYRO_PARAM_STORE
from pyro.poutine import handlers
from pyro.poutine.messenger import Messenger
from pyro.poutine.runtime import Message
from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

__all__ = ["TrackProvenance", "get_dependencies", "get_model_relations", "is_sample_site", "render_model",
           "site_is_deterministic"]

Dependencies = dict[str, dict[str, set[str]]]


def _unwrapped(fn: Any) -> Any:
    """The distribution itself, without what says how many there are and which of them count."""
    while isinstance(fn, ExpandedDistribution | Independent | MaskedDistribution):
        fn = fn.base_dist
    return fn


def site_is_deterministic(msg: Any) -> bool:
    """Whether a site is a :func:`pyro.deterministic` statement.

    Args:
        msg: the site.
    """
    return msg["type"] == "sample" and bool(msg["infer"].get("_deterministic"))


def is_sample_site(msg: Any, *, include_deterministic: bool = False) -> bool:
    """Whether a site is a random variable, rather than a parameter, the rows of a plate or a computed value.

    Args:
        msg: the site.
        include_deterministic: whether computed values count, those of :func:`pyro.deterministic` and of ``Delta``.
    """
    if msg["type"] != "sample" or site_is_subsample(msg):
        return False
    return include_deterministic or not _is_computed(msg)


def _is_computed(site: Any) -> bool:
    return isinstance(_unwrapped(site["fn"]), Delta)


class TrackProvenance(Messenger):
    """Labels the values of sites and parameters with their names, to be installed around a :func:`pyro.poutine.trace`.

    Parameters stay the tensors they are: their memory is labelled, so that modules which hold them are followed too.

    Args:
        include_deterministic: whether computed values get labels of their own instead of passing on others'.
    """

    def __init__(self, *, include_deterministic: bool = False) -> None:
        super().__init__()
        self.include_deterministic = include_deterministic
        self._follow = FollowProvenance()
        self._sources: dict[str, frozenset[str]] = {}

    def __enter__(self) -> "TrackProvenance":
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


def _run(
    model: Callable[..., Any], args: Iterable[Any] | None, kwargs: Mapping[str, Any] | None, include_deterministic: bool
) -> tuple[Trace, dict[str, frozenset[str]]]:
    """Runs a model; returns its trace and the parents of its sample sites, those of computed values included."""
    with TrackProvenance(include_deterministic=include_deterministic) as tracker:
        trace = handlers.trace(model).get_trace(*(args or ()), **(kwargs or {}))
        parents = {name: tracker.parents(site) for name, site in trace.nodes.items()
                   if is_sample_site(site, include_deterministic=True)}
    return trace, parents


def get_dependencies(
    model: Callable[..., Any],
    model_args: tuple[Any, ...] | None = None,
    model_kwargs: dict[str, Any] | None = None,
    include_deterministic: bool = False,
) -> dict[str, Dependencies]:
    """Which sites depend on which, in the model and given the data.

    Elements of one plate are taken to depend on each other only where a value outside of the plate binds them
    together; the sets of plates say where. A plate in the set stands for all pairs of elements, a plate that both
    sites are in and that is not in the set for one pair an element.

    Args:
        model: the model.
        model_args: its arguments.
        model_kwargs: its keyword arguments.
        include_deterministic: whether :func:`pyro.deterministic` and ``Delta`` sites are sites of their own; by default
            what depends on them depends on what they are computed from.

    Returns:
        A dict of

        - ``prior_dependencies``: for each site, itself and the latent sites that its distribution depends on, with
          sets of plates.
        - ``posterior_dependencies``: for each latent site, itself and the later sites that share a factor of the joint
          density with it, with sets of plates. Without an entry, two latent sites are independent of each other given
          the other sites.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     with pyro.plate("rows", 3):
        ...         x = pyro.sample("x", dist.Normal(0.0, 1.0))
        ...     pyro.sample("total", dist.Normal(x.sum(), 1.0), obs=torch.tensor(2.0))
        >>> found = get_dependencies(model)
        >>> found["prior_dependencies"]
        {'x': {'x': set()}, 'total': {'x': set(), 'total': set()}}
        >>> found["posterior_dependencies"]
        {'x': {'x': {'rows'}, 'total': set()}}
    """
    trace, parents = _run(model, model_args, model_kwargs, include_deterministic)
    sites = {name: site for name, site in trace.nodes.items()
             if is_sample_site(site, include_deterministic=include_deterministic)}
    latent = {name for name, site in sites.items() if not site["is_observed"] or _is_computed(site)}
    plates = {name: {frame.name for frame in site["cond_indep_stack"] if frame.vectorized}
              for name, site in sites.items()}
    prior: Dependencies = {}
    posterior: Dependencies = {name: {} for name in sites if name in latent}
    for name in sites:
        # the names in the density of this site: a factor of the joint density
        factor = [other for other in sites if other == name or (other in latent and other in parents[name])]
        prior[name] = {other: plates[other] & plates[name] - plates[name] for other in factor}
        for position, upstream in enumerate(factor):
            for downstream in factor[position:] if upstream in latent else ():
                coupled = plates[upstream] & plates[downstream] - plates[name]
                posterior[upstream].setdefault(downstream, set()).update(coupled)
    return {"prior_dependencies": prior, "posterior_dependencies": posterior}


def get_model_relations(
    model: Callable[..., Any],
    model_args: tuple[Any, ...] | None = None,
    model_kwargs: dict[str, Any] | None = None,
    include_deterministic: bool = False,
) -> ModelRelations:
    """The sites, parameters and plates of a model and how they are connected.

    Args:
        model: the model.
        model_args: its arguments.
        model_kwargs: its keyword arguments.
        include_deterministic: whether what is computed from a :func:`pyro.deterministic` or ``Delta`` site depends on
            that site; by default it depends on what the site is computed from.

    Returns:
        The relations. Plates contain the sites of plates inside them.
    """
    trace, parents = _run(model, model_args, model_kwargs, include_deterministic)
    params = [name for name, site in trace.nodes.items() if site["type"] == "param"]
    sites = {name: trace.nodes[name] for name in parents}
    return {
        "sample_sample": {name: [other for other in sites if other in parents[name]] for name in sites},
        "sample_param": {name: [param for param in params if param in parents[name]] for name in sites},
        "sample_dist": {name: _distribution_name(site) for name, site in sites.items()},
        "param_constraint": {name: _constraint(trace.nodes[name]) for name in params},
        "plate_sample": _plate_members(sites),
        "observed": [name for name, site in sites.items() if site["is_observed"]],
    }


def _constraint(site: Any) -> str:
    """The constraint of a parameter: that of the store, because a statement that reads a parameter need not repeat it."""
    stated = site["kwargs"].get("constraint", constraints.real)
    return str(_PYRO_PARAM_STORE.get_state()["constraints"].get(site["name"], stated))


def _distribution_name(site: Any) -> str:
    return "Deterministic" if site_is_deterministic(site) else type(_unwrapped(site["fn"])).__name__


def _plate_members(sites: Mapping[str, Any]) -> dict[str, list[str]]:
    members: dict[str, list[str]] = {}
    for name, site in sites.items():
        for frame in site["cond_indep_stack"]:
            members.setdefault(frame.name, []).append(name)
    return members


def render_model(
    model: Callable[..., Any],
    model_args: tuple[Any, ...] | list[tuple[Any, ...]] | None = None,
    model_kwargs: dict[str, Any] | list[dict[str, Any]] | None = None,
    filename: str | None = None,
    render_distributions: bool = False,
    render_params: bool = False,
    render_deterministic: bool = False,
) -> Any:
    """Draws a model: its sites, what they depend on, and its plates.

    Observed sites are gray, computed ones dashed. A model that observes some of its sites only for some arguments can
    be drawn from several runs: the picture has the sites and arrows of all, and what is observed in some runs only is
    half gray. Plates that overlap without being nested are drawn as several boxes of the same label, so that the boxes
    around a site are its plates (:mod:`pyro.infer.render`).

    Args:
        model: the model.
        model_args: its arguments, or a list of them, one for each run.
        model_kwargs: its keyword arguments, or a list of them, one for each run.
        filename: where to save the picture; the suffix says the format. ``.gv`` and ``.dot`` are text and need nothing,
            others need the Python package ``graphviz`` and the program ``dot``.
        render_distributions: whether to list the sites' distributions and, with ``render_params``, the parameters'
            constraints.
        render_params: whether to draw parameters.
        render_deterministic: whether arrows lead through :func:`pyro.deterministic` and ``Delta`` sites; by default
            they lead from what these are computed from.

    Returns:
        A ``graphviz.Digraph``, which notebooks show as a picture, if the package graphviz is installed; else a
        :class:`~pyro.infer.render.DotText`. Either has the graph as text in ``source``.

    Raises:
        AssertionError: if there are not as many arguments as keyword arguments.
        ValueError: if the filename has no suffix or an unknown one.
        ImportError: if the format needs the package graphviz and it is not installed.
        RuntimeError: if it needs the program ``dot`` and it is not installed.

    Example:
        >>> import pyro, pyro.distributions as dist
        >>> def model():
        ...     x = pyro.sample("x", dist.Normal(0.0, 1.0))
        ...     pyro.sample("y", dist.Normal(x, 1.0))
        >>> print(render_model(model).source.expandtabs(4))
        digraph {
            x [label=x fillcolor=white shape=ellipse style=filled]
            y [label=y fillcolor=white shape=ellipse style=filled]
            x -> y
        }
    """
    runs = [get_model_relations(model, args, kwargs, render_deterministic)
            for args, kwargs in _each_run(model_args, model_kwargs)]
    graph = draw(to_dot(runs, render_distributions, render_params))
    if filename is not None:
        save(graph, filename)
    return graph


def _each_run(args: Any, kwargs: Any) -> list[tuple[Any, Any]]:
    """Pairs of arguments and keyword arguments; what is no list holds for every run."""
    count = next((len(given) for given in (args, kwargs) if isinstance(given, list)), 1)
    args, kwargs = (given if isinstance(given, list) else [given] * count for given in (args, kwargs))
    if len(args) != len(kwargs):
        raise AssertionError(f"render_model: expected as many model_args as model_kwargs, got {len(args)} and "
                             f"{len(kwargs)}. Pass one of each for every run, or a single one for all runs.")
    return list(zip(args, kwargs, strict=True))
