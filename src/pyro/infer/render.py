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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

try:
    import graphviz
except ImportError:  # it draws the picture; its text needs nothing
    graphviz = None

__all__ = ["DotText", "ModelRelations", "draw", "save", "to_dot"]

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
    sites = _union(run["sample_dist"] for run in runs)
    nodes = {name: _site_node(name, [run for run in runs if name in run["sample_dist"]]) for name in sites}
    outermost = _boxes(list(sites), _union_of_lists(run["plate_sample"] for run in runs))
    edges = _edges(_union_of_lists(run["sample_sample"] for run in runs))
    lines = [nodes[name] for name in outermost.sites]
    described = [f"{name} ~ {distribution}" for name, distribution in sites.items()]
    if render_params:
        param_edges = _edges(_union_of_lists(run["sample_param"] for run in runs))
        lines += [_node(name, "white", "plain") for name in dict.fromkeys(param for param, _ in param_edges)]
        edges += param_edges
        params = _union(run["param_constraint"] for run in runs)
        described += [f"{name} : {constraint}" for name, constraint in params.items()]
    lines += _box_lines(outermost, nodes, set())
    lines += [f"{_quote(start)} -> {_quote(end)}" for start, end in edges]
    if render_distributions:
        text = "".join(_escape(line) + r"\l" for line in described)
        lines.append(f'distribution_description_node [label="{text}" shape=plaintext]')
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
        raise ValueError(f"render_model: expected a filename whose suffix says the format, got {filename!r}. Add .pdf, "
                         ".png, .svg or, for text, .gv.")
    if path.suffix in _TEXT_FORMATS:
        content = graph.source.encode()
    elif graphviz is None:
        raise ImportError(f"render_model: writing {filename!r} needs Graphviz. Install the Python package with `pip "
                          "install graphviz` and the program dot from https://graphviz.org/download/, or choose a "
                          "filename that ends in .gv to write text.")
    else:
        content = graph.pipe(format=path.suffix[1:])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


# ---- runs put together


def _union(tables: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {key: value for table in tables for key, value in table.items()}


def _union_of_lists(tables: Iterable[Mapping[str, list[str]]]) -> dict[str, list[str]]:
    union: dict[str, dict[str, None]] = {}
    for table in tables:
        for key, names in table.items():
            union.setdefault(key, {}).update(dict.fromkeys(names))
    return {key: list(names) for key, names in union.items()}


def _edges(parents: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    return [(parent, name) for name, names in parents.items() for parent in names]


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
    """The node of a site, from the runs that have it."""
    count = sum(name in run["observed"] for run in runs)
    color = "white" if not count else "gray" if count == len(runs) else '"gray:white"'
    is_computed = any(run["sample_dist"][name] == "Deterministic" for run in runs)
    return _node(name, color, "ellipse", '"filled,dashed"' if is_computed else "filled")


def _node(name: str, color: str, shape: str, style: str = "filled") -> str:
    return f"{_quote(name)} [label={_quote(name)} fillcolor={color} shape={shape} style={style}]"


def _quote(name: str) -> str:
    return name if _PLAIN_ID.fullmatch(name) else f'"{_escape(name)}"'


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
