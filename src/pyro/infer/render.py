r"""Pictures of models: from the relations between sites to a graph in the DOT language.

Sites are ellipses, gray if observed, half gray if observed in some runs only, dashed if computed; parameters are plain
names; arrows lead from a site or parameter to the sites whose distributions use it. Plates are boxes.

Boxes of the DOT language cannot overlap, plates can. A plate is drawn as several boxes of the same label where it has
to be, such that **the labels of the boxes around a site are exactly its plates**. Plates that are nested or apart are
one box each: a site lies in its plates' boxes from the largest plate to the smallest, and if for any two plates one
contains the other or they share no site, then all sites of a plate agree on the boxes around it.

Reference: Graphviz, *The DOT Language*, https://graphviz.org/doc/info/lang.html
"""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypedDict

from pyro.poutine.trace_struct import Trace
from pyro.poutine.util import site_is_subsample

try:
    import graphviz
except ImportError:  # it draws the picture; its text needs nothing
    graphviz = None

__all__ = ["DotText", "ModelRelations", "draw", "save", "save_visualization", "to_dot"]

_TEXT_FORMATS = (".dot", ".gv")
_PLAIN_ID = re.compile(r"(?!(?:node|edge|graph|digraph|subgraph|strict)$)[a-z_][a-z0-9_]*", re.IGNORECASE | re.ASCII)


class ModelRelations(TypedDict):
    """What a run of a model tells of its structure; sites are listed in the order of the run.

    Attributes:
        sample_sample: for each site the sites that its distribution or its value depends on.
        sample_param: for each site the parameters that it depends on.
        sample_dist: for each site the name of its distribution.
        param_constraint: for each parameter its constraint.
        plate_sample: for each plate the sites inside.
        observed: the sites that are not sampled.
    """

    sample_sample: dict[str, list[str]]
    sample_param: dict[str, list[str]]
    sample_dist: dict[str, str]
    param_constraint: dict[str, str]
    plate_sample: dict[str, list[str]]
    observed: list[str]


@dataclass(frozen=True)
class DotText:
    """A graph as text, where the Python package ``graphviz`` is not installed.

    Attributes:
        source: the graph in the DOT language.
    """

    source: str

    def __str__(self) -> str:
        return self.source


@dataclass
class _Box:
    """One box of a picture: its own sites, and the boxes inside by the names of their plates."""

    sites: list[str] = field(default_factory=list)
    inner: "dict[str, _Box]" = field(default_factory=dict)


def to_dot(
    runs: Sequence[ModelRelations], render_distributions: bool = False, render_params: bool = False
) -> list[str]:
    """The lines, between the braces, of the graph of a model.

    Args:
        runs: the model's relations, for each of the ways in which it was run.
        render_distributions: whether to list the sites' distributions and, with ``render_params``, the parameters'
            constraints.
        render_params: whether to draw parameters.

    Returns:
        Indented lines, each with its end.
    """
    sites = _union(runs, "sample_dist")
    outermost = _boxes(list(sites), _union_of_lists(runs, "plate_sample"))
    nodes = {name: _site_node(name, runs) for name in sites}
    edges = _edges(runs, "sample_sample")
    lines = [nodes[name] for name in outermost.sites]
    if render_params:
        param_edges = _edges(runs, "sample_param")
        lines += [_node(name, "white", "plain") for name in dict.fromkeys(param for param, _ in param_edges)]
        edges += param_edges
    lines += _box_lines(outermost, nodes, set())
    lines += [f"{_quote(start)} -> {_quote(end)}" for start, end in edges]
    if render_distributions:
        lines.append(_description(sites, _union(runs, "param_constraint") if render_params else {}))
    return [f"\t{line}\n" for line in lines]


def draw(lines: Sequence[str]) -> Any:
    """A graph from its lines.

    Args:
        lines: from :func:`to_dot`.

    Returns:
        A ``graphviz.Digraph``, which notebooks show as a picture, if the package graphviz is installed; else a
        :class:`DotText`. Either has the text as ``source``.
    """
    if graphviz is None:
        return DotText("".join(["digraph {\n", *lines, "}\n"]))
    return graphviz.Digraph(body=lines)


def save(graph: Any, filename: str) -> None:
    """Writes a graph to a file.

    Args:
        graph: from :func:`draw`.
        filename: its suffix is the format: the text for ``.gv`` and ``.dot``; ``.pdf``, ``.png``, ``.svg`` and others
            if Graphviz is installed.

    Raises:
        ValueError: if the suffix is missing or unknown.
        ImportError: if the format needs the package graphviz and it is not installed.
        RuntimeError: if the program ``dot`` is not installed.
    """
    path = Path(filename)
    if not path.suffix:
        raise ValueError(f"Expected a filename whose suffix says the format, got {filename!r}. Add .pdf, "
                         ".png, .svg or, for text, .gv.")
    if path.suffix in _TEXT_FORMATS:
        content = graph.source.encode()
    elif graphviz is None:
        raise ImportError(f"Writing {filename!r} needs Graphviz. Install the Python package with `pip "
                          "install graphviz` and the program dot from https://graphviz.org/download/, or choose a "
                          "filename that ends in .gv to write text.")
    else:
        content = graph.pipe(format=path.suffix[1:])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def save_visualization(trace: Trace, graph_output: str) -> None:
    """Deprecated: draws the edges of a dense trace; :func:`pyro.render_model` finds what depends on what.

    Args:
        trace: the record of a run, with edges: ``pyro.poutine.trace(model, graph_type="dense").get_trace()``.
        graph_output: where to save the picture: the text where it ends in ``.gv`` or ``.dot``, else a PDF file, with
            ``.pdf`` added to the name.

    Raises:
        ImportError: for a PDF file, if the package graphviz is not installed.
        RuntimeError: for a PDF file, if the program ``dot`` is not installed.
    """
    warnings.warn("pyro.util.save_visualization is deprecated; use pyro.render_model instead", stacklevel=2)
    sites = {name: site for name, site in trace.nodes.items()
             if site["type"] == "sample" and not site_is_subsample(site)}
    lines = [_node(name, "gray" if site["is_observed"] else "white", "ellipse") for name, site in sites.items()]
    lines += [f"{_quote(start)} -> {_quote(end)}" for start in sites for end in sites if end in trace.successors(start)]
    graph = draw([f"\t{line}\n" for line in lines])
    save(graph, graph_output if graph_output.endswith(_TEXT_FORMATS) else f"{graph_output}.pdf")


# ---- runs put together


def _union(runs: Sequence[ModelRelations], key: Literal["sample_dist", "param_constraint"]) -> dict[str, str]:
    return {name: text for run in runs for name, text in run[key].items()}


def _union_of_lists(
    runs: Sequence[ModelRelations], key: Literal["sample_sample", "sample_param", "plate_sample"]
) -> dict[str, list[str]]:
    union: dict[str, dict[str, None]] = {}
    for run in runs:
        for name, names in run[key].items():
            union.setdefault(name, {}).update(dict.fromkeys(names))
    return {name: list(names) for name, names in union.items()}


def _edges(runs: Sequence[ModelRelations], key: Literal["sample_sample", "sample_param"]) -> list[tuple[str, str]]:
    return [(parent, name) for name, parents in _union_of_lists(runs, key).items() for parent in parents]


# ---- boxes


def _boxes(sites: Sequence[str], plates: Mapping[str, list[str]]) -> _Box:
    """Puts each site into the boxes of its plates, those of plates with more sites around those with fewer."""
    outermost = _Box()
    by_size = sorted(plates, key=lambda plate: -len(plates[plate]))  # stable: plates of the same sites keep their order
    for site in sites:
        box = outermost
        for plate in by_size:
            if site in plates[plate]:
                box = box.inner.setdefault(plate, _Box())
        box.sites.append(site)
    return outermost


def _box_lines(box: _Box, nodes: Mapping[str, str], taken: set[str]) -> Iterator[str]:
    """The boxes inside of a box; ``taken`` are the names of boxes so far, which must differ."""
    for plate, inner in box.inner.items():
        name = f"cluster_{plate}"
        while name in taken:
            name += "'"
        taken.add(name)
        yield f"subgraph {_quote(name)} {{"
        yield f"\tlabel={_quote(plate)} labeljust=r labelloc=b"
        yield from (f"\t{nodes[site]}" for site in inner.sites)
        yield from (f"\t{line}" for line in _box_lines(inner, nodes, taken))
        yield "}"


# ---- statements


def _site_node(name: str, runs: Sequence[ModelRelations]) -> str:
    observed = [name in run["observed"] for run in runs if name in run["sample_dist"]]
    color = "gray" if all(observed) else '"gray:white"' if any(observed) else "white"
    is_computed = any(run["sample_dist"].get(name) == "Deterministic" for run in runs)
    return _node(name, color, "ellipse", '"filled,dashed"' if is_computed else "filled")


def _node(name: str, color: str, shape: str, style: str = "filled") -> str:
    return f"{_quote(name)} [label={_quote(name)} fillcolor={color} shape={shape} style={style}]"


def _description(distributions: Mapping[str, str], constraints: Mapping[str, str]) -> str:
    """The node that lists what the sites' distributions and the parameters' constraints are, aligned to the left."""
    rows = [f"{name} ~ {distribution}" for name, distribution in distributions.items()]
    rows += [f"{name} : {constraint}" for name, constraint in constraints.items()]
    text = "".join(_escape(row) + r"\l" for row in rows)
    return f'distribution_description_node [label="{text}" shape=plaintext]'


def _quote(name: str) -> str:
    return name if _PLAIN_ID.fullmatch(name) else f'"{_escape(name)}"'


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
