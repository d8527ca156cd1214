"""What a program did: its sites in the order they were met, and which of them may depend on which.

The nodes of a :class:`Trace` are the messages of the statements, as dicts, under the sites' names; ``_INPUT`` and
``_RETURN`` hold the program's arguments and result. Log-densities are computed on demand and kept in the nodes.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from typing import Any, Literal

import opt_einsum
from torch import Tensor

from pyro.distributions.score_parts import ScoreParts
from pyro.distributions.util import scale_and_mask
from pyro.ops import validation
from pyro.ops.packed import pack

__all__ = ["Trace", "allow_all_sites", "batch_sum"]

SiteFilter = Callable[[str, Any], bool]


def allow_all_sites(name: str, site: Any) -> bool:
    """The site filter that lets every site through."""
    return True


class Trace:
    """A directed acyclic graph of the sites that one run of a program met.

    Args:
        graph_type: ``"flat"`` for no edges, ``"dense"`` for an edge from each sample site to every later one that is
            not conditionally independent of it.

    Raises:
        AssertionError: for another graph type.

    Example:
        >>> import torch, pyro, pyro.distributions as dist
        >>> def model():
        ...     z = pyro.sample("z", dist.Normal(0.0, 1.0))
        ...     return pyro.sample("x", dist.Normal(z, 1.0), obs=torch.tensor(1.0))
        >>> trace = pyro.poutine.trace(model).get_trace()
        >>> trace.stochastic_nodes, trace.observation_nodes
        (['z'], ['x'])
        >>> trace.log_prob_sum().shape
        torch.Size([])
    """

    def __init__(self, graph_type: Literal["flat", "dense"] = "flat") -> None:
        if graph_type not in ("flat", "dense"):
            raise AssertionError(f"Expected graph_type 'flat' or 'dense', got {graph_type!r}.")
        self.graph_type = graph_type
        self.nodes: OrderedDict[str, Any] = OrderedDict()
        # only sites that have edges: most traces have none
        self._succ: dict[str, set[str]] = {}
        self._pred: dict[str, set[str]] = {}

    def __contains__(self, name: object) -> bool:
        return name in self.nodes

    def __iter__(self) -> Iterator[str]:
        return iter(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    # ---- the graph

    @property
    def edges(self) -> Iterator[tuple[str, str]]:
        """Pairs of names, from a site to one that may depend on it."""
        for site, successors in self._succ.items():
            for successor in successors:
                yield site, successor

    def add_node(self, site_name: str, **kwargs: Any) -> None:
        """Adds a site.

        Args:
            site_name: the site's name.
            **kwargs: its message.

        Raises:
            RuntimeError: if there is a site of that name, unless both are the same parameter.
        """
        kind = kwargs["type"]
        existing = self.nodes.get(site_name)
        if existing is not None:
            if existing["type"] != kind:
                raise RuntimeError(f"Site '{site_name}' is already in the trace as a {existing['type']} site, and now "
                                   f"comes as a {kind} site. Give each site a name of its own.")
            if kind != "param":
                raise RuntimeError(f"Multiple {kind} sites named '{site_name}'. Give each site a name of its own, in a "
                                   "loop for example by a counter in the name.")
        self.nodes[site_name] = kwargs

    def add_edge(self, site1: str, site2: str) -> None:
        """Adds an edge from the first site to the second; sites that are not there yet come without a message."""
        for site in (site1, site2):
            if site not in self.nodes:
                self.add_node(site, type="unknown")
        self._succ.setdefault(site1, set()).add(site2)
        self._pred.setdefault(site2, set()).add(site1)

    def remove_node(self, site_name: str) -> None:
        """Removes a site and its edges."""
        self.nodes.pop(site_name)
        for predecessor in self._pred.pop(site_name, ()):
            self._succ[predecessor].discard(site_name)
        for successor in self._succ.pop(site_name, ()):
            self._pred[successor].discard(site_name)

    def predecessors(self, site_name: str) -> set[str]:
        """The sites with an edge to this one."""
        return self._pred.get(site_name, set())

    def successors(self, site_name: str) -> set[str]:
        """The sites that this one has an edge to."""
        return self._succ.get(site_name, set())

    def topological_sort(self, reverse: bool = False) -> list[str]:
        """All sites, each after those with an edge to it.

        Args:
            reverse: the opposite order.
        """
        order: list[str] = []
        waiting = {name: len(self.predecessors(name)) for name in self.nodes}
        ready = [name for name, count in reversed(waiting.items()) if not count]
        while ready:
            name = ready.pop()
            order.append(name)
            for successor in self.successors(name):
                waiting[successor] -= 1
                if not waiting[successor]:
                    ready.append(successor)
        return order[::-1] if reverse else order

    def copy(self) -> "Trace":
        """A trace with the same messages whose graph may be changed by itself."""
        new = Trace(self.graph_type)
        new.nodes.update(self.nodes)
        new._succ.update((name, set(after)) for name, after in self._succ.items())
        new._pred.update((name, set(before)) for name, before in self._pred.items())
        return new

    # ---- log-densities

    def _sample_sites(self) -> Iterator[tuple[str, Any]]:
        return ((name, site) for name, site in self.nodes.items() if site["type"] == "sample")

    def _evaluate(self, name: str, site: Any, method: str) -> Any:
        """Calls a method of the site's distribution with the site's value; elements under a mask are not evaluated."""
        fn, mask = site["fn"], site["mask"]
        if not hasattr(fn, method):
            raise AttributeError(f"Site '{name}': expected a distribution, got {fn!r}, which has no attribute "
                                 f"'{method}'. Use a class of pyro.distributions, or pyro.deterministic for a computed "
                                 "value.")
        try:
            if mask is not None and mask is not True and hasattr(fn, "mask"):
                fn = fn.mask(mask)
            return getattr(fn, method)(site["value"], *site["args"], **site["kwargs"])
        except ValueError as e:
            shapes = self.format_shapes(last_site=name)
            raise ValueError(f"Error while computing {method} at site '{name}':\n{e}\n{shapes}") from e

    def log_prob_sum(self, site_filter: SiteFilter = allow_all_sites) -> Any:
        """The sum of all sites' log-densities, scaled and masked.

        Args:
            site_filter: says by name and message which sites count.

        Returns:
            A scalar tensor; 0.0 if there are no sites.

        Raises:
            ValueError: if a value or parameter is invalid; names the site.
        """
        result: Any = 0.0
        for name, site in self._sample_sites():
            if not site_filter(name, site):
                continue
            if "log_prob_sum" not in site:
                if "log_prob" in site:
                    log_prob = site["log_prob"]
                else:
                    density = self._evaluate(name, site, "log_prob")
                    log_prob = scale_and_mask(density, site["scale"], site["mask"])
                site["log_prob_sum"] = batch_sum(log_prob)
                _watch(name, site["log_prob_sum"])
            result = result + site["log_prob_sum"]
        return result

    def compute_log_prob(self, site_filter: SiteFilter = allow_all_sites) -> None:
        """Computes and keeps the sites' log-densities: ``unscaled_log_prob``, ``log_prob`` and ``log_prob_sum``.

        Args:
            site_filter: says by name and message which sites to look at.

        Raises:
            ValueError: if a value or parameter is invalid; names the site.
        """
        for name, site in self._sample_sites():
            if "log_prob" in site or not site_filter(name, site):
                continue
            density = self._evaluate(name, site, "log_prob")
            site["unscaled_log_prob"] = density
            site["log_prob"] = log_prob = scale_and_mask(density, site["scale"], site["mask"])
            site["log_prob_sum"] = batch_sum(log_prob)
            _watch(name, site["log_prob_sum"])

    def compute_score_parts(self) -> None:
        """Computes and keeps what gradient estimators need of each site: ``score_parts`` and the log-densities.

        Raises:
            ValueError: if a value or parameter is invalid; names the site.
        """
        for name, site in self._sample_sites():
            if "score_parts" in site:
                continue
            parts: ScoreParts = self._evaluate(name, site, "score_parts")
            site["unscaled_log_prob"] = parts.log_prob
            site["score_parts"] = parts = parts.scale_and_mask(site["scale"], site["mask"])
            site["log_prob"] = parts.log_prob
            site["log_prob_sum"] = batch_sum(parts.log_prob)
            _watch(name, site["log_prob_sum"])

    def detach_(self) -> None:
        """Cuts the sites' values off from the graph of gradients."""
        for _, site in self._sample_sites():
            site["value"] = site["value"].detach()

    # ---- which sites

    @property
    def observation_nodes(self) -> list[str]:
        """Names of the observed sites."""
        return [name for name, site in self._sample_sites() if site["is_observed"]]

    @property
    def param_nodes(self) -> list[str]:
        """Names of the parameters."""
        return [name for name, site in self.nodes.items() if site["type"] == "param"]

    @property
    def stochastic_nodes(self) -> list[str]:
        """Names of the sampled sites."""
        return [name for name, _ in self.iter_stochastic_nodes()]

    @property
    def reparameterized_nodes(self) -> list[str]:
        """Names of the sampled sites whose values carry gradients to the distribution's parameters."""
        return [name for name, site in self.iter_stochastic_nodes() if getattr(site["fn"], "has_rsample", False)]

    @property
    def nonreparam_stochastic_nodes(self) -> list[str]:
        """Names of the sampled sites whose values carry no gradients."""
        return [name for name, site in self.iter_stochastic_nodes() if not getattr(site["fn"], "has_rsample", False)]

    def iter_stochastic_nodes(self) -> Iterator[tuple[str, Any]]:
        """Names and messages of the sampled sites."""
        return ((name, site) for name, site in self._sample_sites() if not site["is_observed"])

    # ---- named dims

    def symbolize_dims(self, plate_to_symbol: dict[str, str] | None = None) -> None:
        """Gives each plate and each enumerated site a symbol, kept in ``plate_to_symbol`` and ``symbol_to_dim``.

        Args:
            plate_to_symbol: symbols that plates have already, for example in the guide's trace; extended in place.
        """
        self.plate_to_symbol: dict[str, str] = {} if plate_to_symbol is None else plate_to_symbol
        self.symbol_to_dim: dict[str, int] = {}
        for site in self.nodes.values():
            if site["type"] != "sample":
                continue
            dim_to_symbol: dict[int, str] = {}
            for frame in site["cond_indep_stack"]:
                if frame.vectorized:
                    symbol = self.plate_to_symbol.get(frame.name)
                    if symbol is None:
                        symbol = opt_einsum.get_symbol(2 * len(self.plate_to_symbol))
                        self.plate_to_symbol[frame.name] = symbol
                    self.symbol_to_dim[symbol] = frame.dim
                    dim_to_symbol[frame.dim] = symbol
            for dim, id_ in site["infer"].get("_dim_to_id", {}).items():
                symbol = opt_einsum.get_symbol(1 + 2 * id_)
                self.symbol_to_dim[symbol] = dim
                dim_to_symbol.setdefault(dim, symbol)
            enumerated = site["infer"].get("_enumerate_dim")
            if enumerated is not None:
                site["infer"]["_enumerate_symbol"] = dim_to_symbol[enumerated]
            site["infer"]["_dim_to_symbol"] = dim_to_symbol

    def pack_tensors(self, plate_to_symbol: dict[str, str] | None = None) -> None:
        """Keeps, under ``packed``, each site's log-densities with named dims (:class:`pyro.ops.packed.Packed`).

        Args:
            plate_to_symbol: as in :meth:`symbolize_dims`.

        Raises:
            ValueError: if a batch dim belongs to no plate and no enumerated site; names the site.
        """
        self.symbolize_dims(plate_to_symbol)
        for name, site in self._sample_sites():
            names = site["infer"]["_dim_to_symbol"]
            packed = site.setdefault("packed", {})
            try:
                packed["mask"] = pack(site["mask"], names)
                if "score_parts" in site:
                    packed["score_parts"] = ScoreParts(*(pack(part, names) for part in site["score_parts"]))
                for key in ("log_prob", "unscaled_log_prob"):
                    if key in site:
                        packed[key] = pack(site[key], names)
            except ValueError as e:
                shapes = self.format_shapes(last_site=name)
                raise ValueError(f"Error while packing tensors at site '{name}':\n  {e}\n{shapes}") from e

    # ---- for people

    def format_shapes(self, title: str = "Trace Shapes:", last_site: str | None = None) -> str:
        """A table of the shapes of all sites, batch dims and event dims set apart by a bar.

        Args:
            title: the first line.
            last_site: leave out the sites after this one.
        """
        if not self.nodes:
            return title
        rows: list[list[str | None]] = [[title]]
        rows.append(["Param Sites:"])
        for name, site in self.nodes.items():
            if site["type"] == "param" and hasattr(site["value"], "shape"):
                rows.append([name, None, *map(str, site["value"].shape)])
            if name == last_site:
                break
        rows.append(["Sample Sites:"])
        for name, site in self.nodes.items():
            if site["type"] == "sample":
                rows.extend(_shape_rows(name, site))
            if name == last_site:
                break
        return _format_table(rows)


def _watch(name: str, log_density: Tensor) -> None:
    if validation.is_validation_enabled():
        validation.watch(name, log_density)


def batch_sum(log_prob: Any) -> Any:
    """The sum of a log-density over its batch; numbers and scalars are their own."""
    return log_prob.sum() if isinstance(log_prob, Tensor) and log_prob.dim() else log_prob


def _shape_rows(name: str, site: Any) -> Iterable[list[str | None]]:
    """One table row for the distribution, one for the value, one for the log-density if there is one."""
    batch_shape = getattr(site["fn"], "batch_shape", ())
    event_shape = getattr(site["fn"], "event_shape", ())
    yield [f"{name} dist", None, *map(str, batch_shape), "|", *map(str, event_shape)]
    shape = tuple(getattr(site["value"], "shape", ()))
    batch = len(shape) - len(event_shape)
    yield ["value", None, *map(str, shape[:batch]), "|", *map(str, shape[batch:])]
    if "log_prob" in site:
        yield ["log_prob", None, *map(str, getattr(site["log_prob"], "shape", ())), "|"]


def _format_table(rows: list[list[str | None]]) -> str:
    """Sets names right-aligned in a column, batch shapes right-aligned up to the bar, event shapes after it."""
    labels = [str(row[0]) for row in rows]
    befores: list[list[str]] = []
    afters: list[list[str]] = []
    for row in rows:
        cells = [str(cell) for cell in row[2:]]
        end = cells.index("|") + 1 if "|" in cells else len(cells)
        befores.append(cells[:end])
        afters.append(cells[end:])
    columns = [labels, *_align(befores, from_right=True), *_align(afters, from_right=False)]
    widths = [max(map(len, column)) for column in columns]
    lines = zip(*columns, strict=True)
    return "\n".join(" ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in lines)


def _align(rows: list[list[str]], from_right: bool) -> list[list[str]]:
    if from_right:
        return [list(c) for c in zip_longest(*(row[::-1] for row in rows), fillvalue="")][::-1]
    return [list(c) for c in zip_longest(*rows, fillvalue="")]
