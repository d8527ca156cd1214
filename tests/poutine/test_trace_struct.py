import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.poutine.trace_struct import Trace, allow_all_sites


def model():
    p = pyro.param("p", torch.tensor(1.0))
    z = pyro.sample("z", dist.Normal(p, 1.0))
    with pyro.plate("rows", 6, subsample_size=3):
        pyro.sample("coin", dist.Bernoulli(0.5))
        pyro.sample("x", dist.Normal(z, 1.0), obs=torch.zeros(3))
    pyro.factor("penalty", torch.tensor(-2.0))
    pyro.deterministic("twice", 2 * z)


@pytest.fixture
def trace():
    return poutine.trace(model).get_trace()


# ---- the graph


@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda edge: edge[0] < edge[1])))
def test_graphs(edges):
    """Neighbours are the edges' ends, the order respects the edges, a copy changes by itself."""
    edges = {(str(i), str(j)) for i, j in edges}
    trace = Trace()
    for edge in sorted(edges):
        trace.add_edge(*edge)
    assert set(trace.edges) == edges
    for name in trace:
        assert trace.successors(name) == {j for i, j in edges if i == name}
        assert trace.predecessors(name) == {i for i, j in edges if j == name}
    order = trace.topological_sort()
    assert sorted(order) == sorted(trace.nodes) and all(order.index(i) < order.index(j) for i, j in edges)
    assert trace.topological_sort(reverse=True) == order[::-1]
    copy = trace.copy()
    for name in order[:1]:
        copy.remove_node(name)
        assert set(copy.edges) == {edge for edge in edges if name not in edge}
    assert set(trace.edges) == edges and len(copy) == max(0, len(trace) - 1)


def test_it_is_a_container_of_names(trace):
    assert "z" in trace and "nowhere" not in trace and len(trace) == len(trace.nodes)
    assert list(trace) == list(trace.nodes) and trace.copy().nodes["z"] is trace.nodes["z"]


@pytest.mark.parametrize(("kind", "message"), [
    ("sample", "Multiple sample sites named 'z'"), ("param", "Site 'z' is already in the trace as a sample site")])
def test_a_name_stands_for_one_site(trace, kind, message):
    with pytest.raises(RuntimeError, match=message):
        trace.add_node("z", type=kind)


def test_graph_types_are_two():
    with pytest.raises(AssertionError, match="'flat' or 'dense', got 'other'"):
        Trace("other")


# ---- which sites


@pytest.mark.parametrize(("query", "names"), [
    ("observation_nodes", ["x", "penalty", "twice"]),
    ("param_nodes", ["p"]),
    ("stochastic_nodes", ["z", "rows", "coin"]),
    ("reparameterized_nodes", ["z"]),
    ("nonreparam_stochastic_nodes", ["rows", "coin"]),
])
def test_queries(trace, query, names):
    assert getattr(trace, query) == names
    assert getattr(Trace(), query) == []


def test_iter_stochastic_nodes(trace):
    assert [(name, site["name"]) for name, site in trace.iter_stochastic_nodes()] == [
        (name, name) for name in trace.stochastic_nodes]


# ---- log-densities


def expected_log_probs(trace):
    return {"z": dist.Normal(1.0, 1.0).log_prob(trace.nodes["z"]["value"]), "rows": torch.tensor(0.0),
            "coin": torch.full((3,), 2 * torch.tensor(0.5).log()),
            "x": 2 * dist.Normal(trace.nodes["z"]["value"], 1.0).log_prob(torch.zeros(3)),
            "penalty": torch.tensor(-2.0), "twice": torch.tensor(0.0)}


def test_log_prob_sum_is_the_sum_of_the_scaled_sites(trace):
    expected = expected_log_probs(trace)
    torch.testing.assert_close(trace.log_prob_sum(), sum(value.sum() for value in expected.values()))
    torch.testing.assert_close(trace.log_prob_sum(lambda name, site: name in "xz"),
                               expected["z"] + expected["x"].sum())
    assert trace.log_prob_sum(lambda name, site: False) == 0.0 == Trace().log_prob_sum()
    assert allow_all_sites("z", {})


@pytest.mark.parametrize("method", ["compute_log_prob", "compute_score_parts"])
def test_log_probs_are_kept_in_the_sites(trace, method):
    getattr(trace, method)()
    for name, expected in expected_log_probs(trace).items():
        site = trace.nodes[name]
        torch.testing.assert_close(site["log_prob"], expected)
        torch.testing.assert_close(site["log_prob_sum"], expected.sum())
        torch.testing.assert_close(site["unscaled_log_prob"] * site["scale"], expected)
    kept = trace.nodes["x"]["log_prob"]
    getattr(trace, method)()
    assert trace.nodes["x"]["log_prob"] is kept


def test_compute_log_prob_of_some_sites(trace):
    trace.compute_log_prob(lambda name, site: name == "x")
    assert [name for name, site in trace.nodes.items() if "log_prob" in site] == ["x"]


def test_score_parts_follow_the_distribution(trace):
    trace.compute_score_parts()
    parts = {name: trace.nodes[name]["score_parts"] for name in ("z", "coin", "x")}
    assert parts["z"].score_function == 0 and parts["z"].entropy_term is parts["z"].log_prob  # pathwise
    torch.testing.assert_close(parts["coin"].score_function, 0.5 * parts["coin"].log_prob)  # unscaled
    assert parts["coin"].entropy_term == 0


@pytest.mark.parametrize("method", ["log_prob_sum", "compute_log_prob", "compute_score_parts"])
def test_invalid_values_are_refused_by_name_with_the_shapes(method):
    def wrong():
        pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.sample("x", dist.Normal(torch.zeros(3), 1.0).to_event(1), obs=torch.zeros(2))
        pyro.sample("later", dist.Normal(0.0, 1.0))

    with pytest.raises(ValueError, match="(?s)Error while computing .* at site 'x':.*Trace Shapes:.*x dist") as caught:
        getattr(poutine.trace(wrong).get_trace(), method)()
    assert "later" not in str(caught.value)


def test_what_is_no_distribution_is_refused_by_name():
    trace = poutine.trace(lambda: pyro.sample("x", lambda: torch.tensor(1.0))).get_trace()
    with pytest.raises(AttributeError, match=r"Site 'x': expected a distribution.*pyro\.deterministic"):
        trace.log_prob_sum()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_nan_and_infinite_densities_are_warned_of_by_name(value):
    unchecked = dist.Delta(torch.tensor(0.0), log_density=torch.tensor(value), validate_args=False)
    trace = poutine.trace(lambda: pyro.sample("f", unchecked)).get_trace()
    with pytest.warns(UserWarning, match=f"Site 'f': the log-density is {value}"):
        trace.log_prob_sum()


def test_an_impossible_value_is_no_reason_to_warn():
    trace = poutine.trace(lambda: pyro.factor("f", torch.tensor(-float("inf")))).get_trace()
    assert trace.log_prob_sum() == -float("inf")


def test_detach_cuts_the_values_off():
    loc = torch.tensor(0.0, requires_grad=True)
    trace = poutine.trace(lambda: pyro.sample("z", dist.Normal(loc, 1.0))).get_trace()
    assert trace.nodes["z"]["value"].requires_grad
    trace.detach_()
    assert not trace.nodes["z"]["value"].requires_grad


# ---- named dims


def enumerated():
    def program():
        x = pyro.sample("x", dist.Bernoulli(0.5), infer={"enumerate": "parallel"})
        with pyro.plate("rows", 4):
            y = pyro.sample("y", dist.Categorical(torch.ones(3)), infer={"enumerate": "parallel"})
            pyro.sample("z", dist.Normal(x + y, 1.0), obs=torch.zeros(4))

    trace = poutine.trace(poutine.enum(program, first_available_dim=-2)).get_trace()
    trace.compute_score_parts()
    return trace


@pytest.mark.parametrize(("given_symbols", "rows"), [(None, "a"), ({"rows": "z"}, "z")])
def test_plates_and_enumerated_sites_have_symbols(given_symbols, rows):
    trace = enumerated()
    trace.pack_tensors(given_symbols)
    assert trace.plate_to_symbol == {"rows": rows} and trace.symbol_to_dim == {rows: -1, "b": -2, "d": -3}
    assert given_symbols is None or trace.plate_to_symbol is given_symbols
    assert [trace.nodes[name]["infer"].get("_enumerate_symbol") for name in "xyz"] == ["b", "d", None]
    packed = {name: trace.nodes[name]["packed"]["log_prob"] for name in "xyz"}
    assert {name: (value.dims, tuple(value.tensor.shape)) for name, value in packed.items()} == {
        "x": ("b", (2,)), "y": ("d" + rows, (3, 4)), "z": ("db" + rows, (3, 2, 4))}
    assert trace.nodes["z"]["packed"]["score_parts"].log_prob.dims == "db" + rows
    assert trace.nodes["z"]["packed"]["mask"] is None


def test_dims_of_no_plate_are_refused_by_name():
    trace = poutine.trace(lambda: pyro.sample("x", dist.Normal(torch.zeros(3), 1.0))).get_trace()
    trace.compute_log_prob()
    with pytest.raises(ValueError, match=r"(?s)packing tensors at site 'x':.*Dim -1 .*to_event.*Trace Shapes:"):
        trace.pack_tensors()


# ---- for people


def shaped():
    pyro.param("loc", torch.zeros(2, 3, 4))
    pyro.param("scale", torch.tensor(1.0))
    pyro.sample("whole", dist.Normal(torch.zeros(4), 1.0).to_event(1))
    with pyro.plate("cells", 5), pyro.plate("genes", 7):
        pyro.sample("mix", dist.Dirichlet(torch.ones(3)))


# upstream's layout: parameters end at the bar
TABLE = """
 Trace Shapes:
  Param Sites:
           loc 2 3 4
         scale
 Sample Sites:
    whole dist     | 4
         value     | 4
    cells dist     |
         value   5 |
    genes dist     |
         value   7 |
      mix dist 7 5 | 3
         value 7 5 | 3
"""


def lines(table):
    return [line.strip() for line in table.strip().splitlines()]


def test_format_shapes():
    trace = poutine.trace(shaped).get_trace()
    text = trace.format_shapes()
    assert lines(text) == lines(TABLE)
    assert len({len(line) for line in text.splitlines()}) == 1
    bars = {line.index("|") for line in text.splitlines() if "|" in line}
    assert bars == {text.splitlines()[2].index("4")}


def test_format_shapes_options():
    trace = poutine.trace(shaped).get_trace()
    assert lines(trace.format_shapes("Title", last_site="whole")) == [
        "Title", "Param Sites:", "loc 2 3 4", "scale", "Sample Sites:", "whole dist     | 4", "value     | 4"]
    trace.compute_log_prob()
    assert lines(trace.format_shapes())[-1] == "log_prob 7 5 |"
    assert Trace().format_shapes("nothing") == "nothing"
