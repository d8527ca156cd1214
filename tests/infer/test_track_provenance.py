import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.track_provenance import (
    TrackProvenance,
    is_computed,
    is_sample_site,
    site_is_deterministic,
    trace_with_parents,
    unwrapped,
)
from pyro.ops.provenance import ProvenanceTensor
from tests.infer.structures import (
    ZERO,
    chain,
    collider,
    delta,
    discrete_index,
    drawn_only,
    factors,
    filled_in_place,
    loop_plate,
    masked,
    new_tensor,
    normal,
    observed_value,
    partly_observed,
    plates_and_reductions,
    through_detach,
    transformed,
)


@pytest.fixture(autouse=True)
def own_params():
    with pyro.get_param_store().scope():
        yield


def edges_of(model, **kwargs):
    _, parents = trace_with_parents(model, **kwargs)
    return {f"{parent}->{name}" for name, found in parents.items() for parent in found}


EDGES = {
    chain: {"a->b", "b->c"},
    collider: {"a->c", "b->c"},
    plates_and_reductions: {"a->b", "b->c"},
    loop_plate: {"x0->x1", "x1->x2", "x1->y1", "x2->y2"},
    discrete_index: {"z->x", "loc->x"},
    filled_in_place: {"a->x", "b->x"},
    new_tensor: {"a->x", "b->x"},
    observed_value: {"a->b"},
    delta: {"a->b", "a->c"},
    masked: {"a->b", "a->c"},
    factors: {"a->f"},
    drawn_only: {"a->b"},
    transformed: {"a->b", "b->c"},
    through_detach: {"a->b"},
    partly_observed: {"a->y_observed", "a->y_unobserved", "y_observed->y", "y_unobserved->y", "y_observed->z",
                      "y_unobserved->z"},
}


@pytest.mark.parametrize(("model", "expected"), EDGES.items(), ids=[model.__name__ for model in EDGES])
def test_edges(model, expected):
    assert edges_of(model) == expected


@pytest.mark.parametrize("is_enabled", [True, False])
def test_edges_do_not_need_gradients(is_enabled):
    with torch.set_grad_enabled(is_enabled):
        assert edges_of(chain) == {"a->b", "b->c"}


def test_edges_do_not_depend_on_the_default_device():
    with torch.device("cpu"):
        assert edges_of(filled_in_place) == {"a->x", "b->x"}


@pytest.mark.parametrize(("model", "expected"), [
    (delta, {"a->b", "b->c"}),
    (partly_observed, {"a->y_observed", "a->y_unobserved", "y_observed->y", "y_unobserved->y", "y->z"}),
], ids=["delta", "partly_observed"])
def test_edges_through_computed_sites_when_asked(model, expected):
    assert edges_of(model, include_deterministic=True) == expected


def test_sites_that_are_not_traced_pass_on_what_they_depend_on():
    def model():
        hidden = normal("hidden", normal("a"), infer={"_do_not_trace": True, "is_auxiliary": True})
        normal("b", hidden)

    assert edges_of(model) == {"a->b"}


def test_sites_hide_the_parameters_behind_them():
    def model():
        x = pyro.sample("x", dist.Delta(pyro.param("p", torch.zeros(2)), event_dim=1))
        normal("y", x.sum())

    assert edges_of(model, include_deterministic=True) == {"p->x", "x->y"}


def test_parameters_of_modules_are_followed_and_the_module_is_left_alone():
    layer = torch.nn.Linear(2, 1)
    weight = layer.weight

    def model():
        x = pyro.sample("x", dist.Normal(torch.zeros(2), 1.0).to_event(1))
        normal("y", pyro.module("net", layer, update_module_params=True)(x))

    assert edges_of(model) == {"x->y", "net$$$weight->y", "net$$$bias->y"}
    assert layer.weight is weight and weight.untyped_storage().data_ptr()


def test_parameters_with_rows_in_a_subsampled_plate():
    def model():
        with pyro.plate("p", 4, subsample_size=2):
            loc = pyro.param("loc", torch.zeros(4), event_dim=0)
            normal("x", loc)

    assert edges_of(model) == {"loc->x"}


KINDS = {
    "latent": (lambda: normal("x"), (True, True, False)),
    "observed": (lambda: normal("x", obs=ZERO), (True, True, False)),
    "factor": (lambda: pyro.factor("x", ZERO), (True, True, False)),
    "delta": (lambda: pyro.sample("x", dist.Delta(ZERO)), (False, True, False)),
    "delta event": (lambda: pyro.sample("x", dist.Delta(torch.zeros(2)).to_event(1)), (False, True, False)),
    "deterministic": (lambda: pyro.deterministic("x", ZERO), (False, True, True)),
    "parameter": (lambda: pyro.param("x", torch.zeros(2)), (False, False, False)),
    "plate": (lambda: pyro.plate("x", 3, subsample_size=2), (False, False, False)),
}


@pytest.mark.parametrize(("statement", "expected"), KINDS.values(), ids=KINDS)
def test_kinds_of_sites(statement, expected):
    site = poutine.trace(statement).get_trace().nodes["x"]
    found = is_sample_site(site), is_sample_site(site, include_deterministic=True), site_is_deterministic(site)
    assert found == expected


def test_values_are_labelled_inside_of_the_handler_only():
    with TrackProvenance():
        assert isinstance(normal("a"), ProvenanceTensor)
    assert type(normal("a")) is torch.Tensor


def test_the_handlers_and_torch_are_as_before_after_an_error():
    def model():
        normal("a")
        raise KeyError("wrong")

    with pytest.raises(KeyError, match="wrong"):
        trace_with_parents(model)
    assert not pyro.poutine.runtime.am_i_wrapped()
    assert type(torch.tensor([ProvenanceTensor(ZERO, frozenset({"a"}))])) is torch.Tensor  # nobody follows any more


def test_the_distribution_inside_of_wrappers():
    normal_inside = dist.Normal(torch.zeros(3), 1.0)
    assert unwrapped(normal_inside.to_event(1).mask(True)) is normal_inside
    assert type(unwrapped(dist.MultivariateNormal(torch.zeros(2), torch.eye(2)).expand([3]))) is dist.MultivariateNormal


@pytest.mark.parametrize(("fn", "expected"), [
    (dist.Delta(ZERO), True),
    (dist.Delta(torch.zeros(2)).to_event(1).mask(False), True),
    (dist.Normal(0.0, 1.0), False),
])
def test_values_of_deltas_are_computed(fn, expected):
    assert is_computed({"type": "sample", "fn": fn}) == expected
