"""What depends on what in a model, found by running it once, and the picture of it.

The sites and parameters that a site depends on come from :mod:`pyro.infer.track_provenance`. This is the structure of
one run: other arguments, or other random choices, may run other statements.
"""

from collections.abc import Callable, Mapping, Set
from itertools import combinations_with_replacement
from typing import Any

from torch.distributions import constraints

from pyro.infer.render import ModelRelations, draw, save, to_dot
from pyro.infer.track_provenance import (
    TrackProvenance,
    is_computed,
    is_sample_site,
    site_is_deterministic,
    trace_with_parents,
    unwrapped,
)
from pyro.params.param_store import _PYRO_PARAM_STORE

__all__ = ["TrackProvenance", "get_dependencies", "get_model_relations", "is_sample_site", "render_model",
           "site_is_deterministic"]

Dependencies = dict[str, dict[str, set[str]]]


def get_dependencies(
    model: Callable[..., Any],
    model_args: tuple[Any, ...] | None = None,
    model_kwargs: dict[str, Any] | None = None,
    include_deterministic: bool = False,
) -> dict[str, Dependencies]:
    """Which sites depend on which, in the model and given the data.

    Each dependency comes with a set of plates. Where two sites are in a plate of the set, each element of one depends
    on all elements of the other; in a plate that is not in the set, only on its own. Elements are taken to depend on
    each other where a site outside of the plate binds them together.

    Args:
        model: the model.
        model_args: its arguments.
        model_kwargs: its keyword arguments.
        include_deterministic: whether :func:`pyro.deterministic` and ``Delta`` sites are sites of their own; by default
            what depends on them depends on what they are computed from.

    Returns:
        A dict of

        - ``prior_dependencies``: for each site, itself and the latent sites that its distribution depends on; the sets
          of plates are empty. Data that ``poutine.mask(mask=False)`` takes out are left out.
        - ``posterior_dependencies``: for each latent site, itself and the later sites that share a factor of the joint
          density with it. Two latent sites without an entry are independent of each other given all others.

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
    trace, parents = trace_with_parents(model, model_args, model_kwargs, include_deterministic)
    sites = {name: site for name, site in trace.nodes.items()
             if is_sample_site(site, include_deterministic=include_deterministic) and not _is_masked_out(site)}
    latent = {name for name, site in sites.items() if not site["is_observed"] or is_computed(site)}
    # each site's density is one factor of the joint density; these are the sites in it
    factors = {name: [other for other in sites if other == name or (other in latent and other in parents[name])]
               for name in sites}
    return {"prior_dependencies": {name: {other: set() for other in factor} for name, factor in factors.items()},
            "posterior_dependencies": _posterior_dependencies(factors, latent, sites)}


def _posterior_dependencies(
    factors: Mapping[str, list[str]], latent: Set[str], sites: Mapping[str, Any]
) -> Dependencies:
    """Pairs of sites in a common factor, with the plates that they share and the factor is outside of."""
    plates = {name: {frame.name for frame in site["cond_indep_stack"] if frame.vectorized}
              for name, site in sites.items()}
    posterior: Dependencies = {name: {} for name in sites if name in latent}
    for name, factor in factors.items():
        for upstream, downstream in combinations_with_replacement(factor, 2):
            if upstream in latent:
                coupled = (plates[upstream] & plates[downstream]) - plates[name]
                posterior[upstream].setdefault(downstream, set()).update(coupled)
    return posterior


def _is_masked_out(site: Any) -> bool:
    """Whether a site is data that do not count."""
    return bool(site["is_observed"]) and site["mask"] is False and not is_computed(site)


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
    trace, parents = trace_with_parents(model, model_args, model_kwargs, include_deterministic)
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
    """The constraint of a parameter: the store's, because a statement that only reads it need not repeat it."""
    stated = site["kwargs"].get("constraint", constraints.real)
    return str(_PYRO_PARAM_STORE.get_state()["constraints"].get(site["name"], stated))


def _distribution_name(site: Any) -> str:
    return "Deterministic" if site_is_deterministic(site) else type(unwrapped(site["fn"])).__name__


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
