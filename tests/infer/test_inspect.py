import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.inspect import get_dependencies, get_model_relations, render_model
from pyro.infer.render import DotText
from tests.infer.structures import (
    ZERO,
    chain,
    collider,
    coupled_across_two_plates,
    coupled_by_sum,
    coupled_in_inner_plate,
    delta,
    factors,
    loop_plate,
    masked,
    normal,
    observed_parent,
    observed_value,
    partly_observed,
    with_params,
)


@pytest.fixture(autouse=True)
def own_params():
    with pyro.get_param_store().scope():
        yield


# ---- relations


def edges(relations, kind="sample_sample"):
    return {f"{start}->{end}" for end, starts in relations[kind].items() for start in starts}


CHAIN = {"a->b", "b->c"}
HANDLED = {
    "condition": (lambda: poutine.condition(chain, data={"b": ZERO}), CHAIN, ["b"]),
    "do": (lambda: poutine.do(chain, data={"b": ZERO}), {"a->b"}, []),
    "scale": (lambda: poutine.scale(chain, scale=0.5), CHAIN, []),
    "mask": (lambda: poutine.mask(chain, mask=torch.tensor(True)), CHAIN, []),
    "block": (lambda: poutine.block(chain, hide=["b"]), {"a->c"}, []),
    "trace": (lambda: poutine.trace(chain), CHAIN, []),
    "replay": (lambda: poutine.replay(chain, trace=poutine.trace(chain).get_trace()), CHAIN, []),
    "substitute": (lambda: poutine.substitute(chain, data={}), CHAIN, []),
    "seed": (lambda: poutine.seed(chain, rng_seed=0), CHAIN, []),
    "infer_config": (lambda: poutine.infer_config(chain, config_fn=lambda site: {}), CHAIN, []),
    "uncondition": (lambda: poutine.uncondition(poutine.condition(chain, data={"b": ZERO})), CHAIN, []),
    "several": (lambda: poutine.scale(poutine.condition(poutine.block(chain, hide=["c"]), data={"b": ZERO}), scale=2.0),
                {"a->b"}, ["b"]),
}


@pytest.mark.parametrize(("handled", "expected", "observed"), HANDLED.values(), ids=HANDLED)
def test_handlers_around_the_model(handled, expected, observed):
    relations = get_model_relations(handled())
    assert edges(relations) == expected and relations["observed"] == observed


def test_reparametrised_sites():
    class Decenter:
        def apply(self, msg):
            noise = pyro.sample("noise", dist.Normal(0.0, 1.0))
            return {"fn": None, "value": msg["fn"].loc + noise, "is_observed": False}

    relations = get_model_relations(poutine.reparam(chain, config={"b": Decenter()}), include_deterministic=True)
    assert edges(relations) == {"a->b", "noise->b", "b->c"} and relations["sample_dist"]["b"] == "Deterministic"


def test_parameters_and_their_constraints():
    relations = get_model_relations(with_params)
    assert edges(relations, "sample_param") == {"scale->a"}
    assert relations["param_constraint"] == {"scale": "GreaterThan(lower_bound=0.0)", "unused": "Real()"}


def test_a_statement_that_reads_a_parameter_does_not_change_its_constraint():
    def model():
        with_params()
        normal("c", pyro.param("scale"))

    relations = get_model_relations(model)
    assert edges(relations, "sample_param") == {"scale->a", "scale->c"}
    assert relations["param_constraint"]["scale"] == "GreaterThan(lower_bound=0.0)"


def test_lifted_parameters_are_sites():
    relations = get_model_relations(poutine.lift(with_params, prior={"scale": dist.LogNormal(0.0, 1.0)}))
    assert edges(relations) == {"scale->a", "a->b"} and list(relations["param_constraint"]) == ["unused"]


def test_relations_of_plates_distributions_and_observations():
    def model():
        with pyro.plate("outer", 2), poutine.mask(mask=torch.tensor(True)):
            x = pyro.sample("x", dist.Normal(torch.zeros(2, 3), 1.0).to_event(1))
            with pyro.plate("inner", 4, subsample_size=2, dim=-2):
                pyro.sample("y", dist.Gamma(1.0, 1.0).mask(True), obs=torch.ones(2, 2))
        pyro.deterministic("total", x.sum())

    relations = get_model_relations(model)
    assert relations["plate_sample"] == {"outer": ["x", "y"], "inner": ["y"]}
    assert relations["sample_dist"] == {"x": "Normal", "y": "Gamma", "total": "Deterministic"}
    assert relations["observed"] == ["y", "total"]


def test_arguments_are_passed_on():
    def model(loc, *, obs):
        normal("x", loc, obs=obs)

    assert get_model_relations(model, (ZERO,), {"obs": ZERO})["observed"] == ["x"]


# ---- dependencies


DEPENDENCIES = {
    chain: (
        {"a": {"a"}, "b": {"a", "b"}, "c": {"b", "c"}},
        {"a": {"a": set(), "b": set()}, "b": {"b": set(), "c": set()}, "c": {"c": set()}}),
    collider: (
        {"a": {"a"}, "b": {"b"}, "c": {"a", "b", "c"}},
        {"a": {"a": set(), "b": set(), "c": set()}, "b": {"b": set(), "c": set()}}),
    coupled_by_sum: (
        {"a": {"a"}, "b": {"a", "b"}},
        {"a": {"a": {"p"}, "b": set()}}),
    coupled_across_two_plates: (
        {"a": {"a"}, "b": {"b"}, "c": {"a", "b", "c"}},
        {"a": {"a": set(), "b": set(), "c": set()}, "b": {"b": set(), "c": set()}}),
    coupled_in_inner_plate: (
        {"a": {"a"}, "b": {"a", "b"}},
        {"a": {"a": {"inner"}, "b": set()}}),
    observed_parent: ({"x": {"x"}, "y": {"y"}}, {"y": {"y": set()}}),
    observed_value: ({"a": {"a"}, "b": {"a", "b"}}, {"a": {"a": set(), "b": set()}}),
    factors: ({"a": {"a"}, "f": {"a", "f"}}, {"a": {"a": set(), "f": set()}}),
    delta: ({"a": {"a"}, "c": {"a", "c"}}, {"a": {"a": set(), "c": set()}, "c": {"c": set()}}),
    masked: ({"a": {"a"}, "b": {"a", "b"}}, {"a": {"a": set(), "b": set()}, "b": {"b": set()}}),
    loop_plate: (
        {"x0": {"x0"}, "x1": {"x0", "x1"}, "y1": {"x1", "y1"}, "x2": {"x1", "x2"}, "y2": {"x2", "y2"}},
        {"x0": {"x0": set(), "x1": set()}, "x1": {"x1": set(), "y1": set(), "x2": set()},
         "x2": {"x2": set(), "y2": set()}}),
}


@pytest.mark.parametrize(("model", "expected"), DEPENDENCIES.items(), ids=[model.__name__ for model in DEPENDENCIES])
def test_dependencies(model, expected):
    prior, posterior = expected
    found = get_dependencies(model)
    assert found["prior_dependencies"] == {name: dict.fromkeys(names, set()) for name, names in prior.items()}
    assert found["posterior_dependencies"] == posterior


def test_dependencies_with_computed_sites():
    found = get_dependencies(delta, include_deterministic=True)
    assert found["prior_dependencies"] == {"a": {"a": set()}, "b": {"a": set(), "b": set()},
                                           "c": {"b": set(), "c": set()}}
    assert found["posterior_dependencies"] == {"a": {"a": set(), "b": set()}, "b": {"b": set(), "c": set()},
                                               "c": {"c": set()}}


def test_dependencies_follow_the_order_of_the_model():
    found = get_dependencies(collider)
    assert [*found["prior_dependencies"]] == [*found["prior_dependencies"]["c"]] == ["a", "b", "c"]
    assert [*found["posterior_dependencies"]["a"]] == ["a", "b", "c"]


# ---- pictures


def semisupervised(x, y=None):
    with pyro.plate("n", len(x)):
        y = normal("y", obs=y)
        normal("x", y, obs=x)


def test_picture_of_several_runs():
    x = torch.zeros(2)
    for args, kwargs in [([(x,), (x, x)], None), ((x,), [{}, {"y": x}]), ([(x,), (x,)], [{}, {"y": x}])]:
        source = render_model(semisupervised, args, kwargs).source
        assert 'y [label=y fillcolor="gray:white"' in source and "x [label=x fillcolor=gray " in source
        assert source.count("->") == 1 and source.count("subgraph") == 1


def test_as_many_arguments_as_keyword_arguments():
    with pytest.raises(AssertionError, match="got 1 and 2"):
        render_model(semisupervised, [(torch.zeros(2),)], [{}, {}])


@pytest.mark.parametrize(("options", "present", "absent"), [
    ({}, ["a -> b"], ["scale", "~", ":"]),
    ({"render_distributions": True}, ["a ~ Normal"], ["scale"]),
    ({"render_params": True}, ["scale [label=scale fillcolor=white shape=plain", "scale -> a"], ["~", "unused"]),
    ({"render_params": True, "render_distributions": True},
     ["b ~ Normal", "scale : GreaterThan(lower_bound=0.0)", "unused : Real()"], []),
])
def test_what_a_picture_shows_when_asked(options, present, absent):
    source = render_model(with_params, **options).source
    assert all(text in source for text in present) and not any(text in source for text in absent)


@pytest.mark.parametrize(("through", "edge"), [(False, "y_observed -> z"), (True, "y -> z")])
def test_picture_with_partly_observed_and_computed_sites(through, edge):
    source = render_model(partly_observed, render_deterministic=through).source
    for node in ["y_observed [label=y_observed fillcolor=gray ", "y_unobserved [label=y_unobserved fillcolor=white ",
                 'y [label=y fillcolor=gray shape=ellipse style="filled,dashed"]', edge]:
        assert node in source


def test_lesson_22_overlapping_plates_are_all_shown():
    source = render_model(coupled_across_two_plates).source
    assert source.count("label=rows ") == 1 and source.count("label=columns ") == 2


def test_a_picture_needs_nothing_installed(monkeypatch, tmp_path):
    monkeypatch.setattr(pyro.infer.render, "graphviz", None)
    graph = render_model(chain, filename=str(tmp_path / "model.gv"))
    assert isinstance(graph, DotText) and (tmp_path / "model.gv").read_text() == graph.source


def test_the_front_door_has_it():
    assert pyro.render_model is render_model
