import re
import stat

import graphviz
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyro.infer import render
from pyro.infer.render import DotText, draw, save, to_dot

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*')


def relations(sites=(), plates=None, edges=(), params=None, param_edges=(), observed=()):
    """Relations of sites that are all normal, unless a dict says otherwise."""
    dists = dict(sites) if isinstance(sites, dict) else dict.fromkeys(sites, "Normal")
    return {
        "sample_sample": {site: [start for start, end in edges if end == site] for site in dists},
        "sample_param": {site: [start for start, end in param_edges if end == site] for site in dists},
        "sample_dist": dists,
        "param_constraint": params or {},
        "plate_sample": plates or {},
        "observed": list(observed),
    }


def unquote(text):
    return text[1:-1].replace('\\"', '"').replace("\\\\", "\\") if text.startswith('"') else text


def read_boxes(lines):
    """Reads lines of DOT back: for each node the labels of the boxes around it, and all boxes' names."""
    around, places, names = [], {}, []
    for line in map(str.strip, lines):
        if line.startswith("subgraph"):
            names.append(unquote(line.removeprefix("subgraph ").removesuffix(" {")))
        elif line.startswith("label="):
            around.append(unquote(TOKEN.match(line.removeprefix("label=")).group()))
        elif line == "}":
            around.pop()
        elif " -> " not in line:
            name = unquote(TOKEN.match(line).group())
            assert name not in places, "a node is stated once"
            places[name] = sorted(around)
    assert not around
    return places, names


@st.composite
def models_with_plates(draw):
    sites = [f"x{i}" for i in range(draw(st.integers(1, 7)))]
    names = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=3)
    members = st.lists(st.sampled_from(sites), unique=True, min_size=1)
    return sites, draw(st.dictionaries(names, members, max_size=4))


@given(models_with_plates())
def test_the_boxes_around_a_site_are_its_plates(model):
    sites, plates = model
    places, names = read_boxes(to_dot([relations(sites, plates)]))
    assert places == {site: sorted(plate for plate, members in plates.items() if site in members) for site in sites}
    assert len(set(names)) == len(names)


LAMINAR = {
    "apart": {"p": ["a"], "q": ["b"]},
    "nested": {"p": ["a", "b"], "q": ["b"]},
    "nested, inner first": {"q": ["b"], "p": ["a", "b"]},
    "the same sites": {"p": ["a", "b"], "q": ["a", "b"]},
    "two in one": {"p": ["a", "b", "c"], "q": ["b"], "r": ["c"]},
    "three deep": {"p": ["a", "b", "c"], "q": ["b", "c"], "r": ["c"]},
}


@pytest.mark.parametrize("plates", LAMINAR.values(), ids=LAMINAR)
def test_plates_that_do_not_overlap_are_one_box_each(plates):
    _, names = read_boxes(to_dot([relations("abc", plates)]))
    assert sorted(names) == sorted(f"cluster_{plate}" for plate in plates)


def test_lesson_22_overlapping_plates_are_several_boxes_of_one_label():
    lines = to_dot([relations("abc", {"p": ["a", "c"], "q": ["b", "c"]})])
    places, names = read_boxes(lines)
    assert places == {"a": ["p"], "b": ["q"], "c": ["p", "q"]}
    assert names == ["cluster_p", "cluster_q", "cluster_q'"]
    assert sum("label=q" in line for line in lines) == 2


@given(st.text(min_size=1).filter(str.isprintable))
def test_any_name_survives_quoting(name):
    line = to_dot([relations([name])])[0]
    node, label = re.fullmatch(r"\t(.+) \[label=(.+) fillcolor=white shape=ellipse style=filled\]\n", line).groups()
    assert node == label and TOKEN.fullmatch(node) and unquote(node) == name


@pytest.mark.parametrize(("name", "written"), [
    ("x", "x"), ("x_1", "x_1"), ("a.b", '"a.b"'), ("net$$$w", '"net$$$w"'), ('say "x"', r'"say \"x\""'),
    ("x\\", r'"x\\"'), ("node", '"node"'), ("Graph", '"Graph"'), ("nodes", "nodes"), ("1x", '"1x"'), ("é", '"é"'),
])
def test_names_are_quoted_where_the_language_asks_for_it(name, written):
    assert to_dot([relations([name])])[0].startswith(f"\t{written} [label={written} ")


STYLES = {
    "latent": ([relations("x")], "fillcolor=white shape=ellipse style=filled"),
    "observed": ([relations("x", observed="x")], "fillcolor=gray shape=ellipse style=filled"),
    "computed": ([relations({"x": "Deterministic"}, observed="x")],
                 'fillcolor=gray shape=ellipse style="filled,dashed"'),
    "observed in some runs": ([relations("x", observed="x"), relations("x")],
                              'fillcolor="gray:white" shape=ellipse style=filled'),
    "observed wherever it is": ([relations("x", observed="x"), relations()],
                                "fillcolor=gray shape=ellipse style=filled"),
}


@pytest.mark.parametrize(("runs", "style"), STYLES.values(), ids=STYLES)
def test_style_of_a_site(runs, style):
    assert to_dot(runs) == [f"\tx [label=x {style}]\n"]


def test_runs_are_put_together():
    first = relations("abc", {"p": ["b"]}, edges=["ab", "bc"])
    second = relations("acd", {"q": ["d"]}, edges=["ac", "ad"])
    lines = to_dot([first, second])
    assert read_boxes(lines)[0] == {"a": [], "b": ["p"], "c": [], "d": ["q"]}
    assert {line.strip() for line in lines if "->" in line} == {"a -> b", "b -> c", "a -> c", "a -> d"}


PARAMS = relations("x", params={"s": "GreaterThan(lower_bound=0.0)", "t": "Real()"}, param_edges=["sx"])
NODE, EDGE = "\ts [label=s fillcolor=white shape=plain style=filled]\n", "\ts -> x\n"


@pytest.mark.parametrize(("distributions", "params", "text"), [
    (False, False, None),
    (True, False, r"x ~ Normal\l"),
    (True, True, r"x ~ Normal\ls : GreaterThan(lower_bound=0.0)\lt : Real()\l"),
    (False, True, None),
])
def test_what_is_drawn_when_asked(distributions, params, text):
    lines = to_dot([PARAMS], render_distributions=distributions, render_params=params)
    described = [f'\tdistribution_description_node [label="{text}" shape=plaintext]\n'] if text else []
    assert lines[1:] == [*([NODE, EDGE] if params else []), *described]


LINES = to_dot([relations("ab", {"p": ["b"]}, edges=["ab"])])


def test_the_text_is_the_same_with_and_without_the_package(monkeypatch):
    with_package = draw(LINES)
    monkeypatch.setattr(render, "graphviz", None)
    without = draw(LINES)
    assert isinstance(with_package, graphviz.Digraph) and isinstance(without, DotText)
    assert without.source == with_package.source == str(without) == str(with_package)
    assert without.source == (
        "digraph {\n"
        "\ta [label=a fillcolor=white shape=ellipse style=filled]\n"
        "\tsubgraph cluster_p {\n"
        "\t\tlabel=p labeljust=r labelloc=b\n"
        "\t\tb [label=b fillcolor=white shape=ellipse style=filled]\n"
        "\t}\n"
        "\ta -> b\n"
        "}\n")


@pytest.mark.parametrize("filename", ["model.gv", "model.dot", "new/model.gv"])
@pytest.mark.parametrize("package", [graphviz, None], ids=["package", "none"])
def test_text_is_saved_by_itself(monkeypatch, tmp_path, filename, package):
    monkeypatch.setattr(render, "graphviz", package)
    monkeypatch.setenv("PATH", str(tmp_path))  # no program dot
    graph = draw(LINES)
    save(graph, str(tmp_path / filename))
    assert (tmp_path / filename).read_text() == graph.source


def test_pictures_come_from_the_program(monkeypatch, tmp_path):
    program = tmp_path / "dot"
    program.write_text('#!/bin/sh\necho "$@"\nwhile read -r line; do echo "$line"; done\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    save(draw(LINES), str(tmp_path / "sub" / "model.png"))
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["model.png"]
    options, *text = (tmp_path / "sub" / "model.png").read_text().splitlines()
    assert "-Tpng" in options and text == [line.strip() for line in draw(LINES).source.splitlines()]


@pytest.mark.parametrize(("filename", "package", "error", "message"), [
    ("model", graphviz, ValueError, "whose suffix"),
    ("model", None, ValueError, "whose suffix"),
    ("model.foo", graphviz, ValueError, "foo"),
    ("model.pdf", None, ImportError, "pip install graphviz"),
    ("model.pdf", graphviz, RuntimeError, "dot"),
])
def test_a_file_that_cannot_be_written_is_refused(monkeypatch, tmp_path, filename, package, error, message):
    monkeypatch.setattr(render, "graphviz", package)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(error, match=message):
        save(draw(LINES), str(tmp_path / filename))
    assert not list(tmp_path.iterdir())
