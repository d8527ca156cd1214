"""A guide in terms of the model's sites: right shapes, right densities, and inference that finds the answer."""

import copy
import math
import pickle
from contextlib import ExitStack

import pytest
import torch
from torch.distributions import biject_to

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.contrib.easyguide import EasyGuide, Group, easy_guide
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from pyro.nn import PyroModule, PyroSample
from pyro.optim import Adam


@pytest.fixture(autouse=True)
def store():
    store = pyro.get_param_store()
    with store.scope():
        yield store


def model(size=6, subsample_size=6):
    pyro.sample("a", dist.Normal(0.0, 1.0))
    pyro.sample("b", dist.LogNormal(torch.zeros(3), 1.0).to_event(1))
    pyro.sample("s", dist.Dirichlet(torch.ones(4)))
    with pyro.plate("d", size, subsample_size=subsample_size), pyro.plate("e", 2, dim=-2):
        pyro.sample("w", dist.Gamma(torch.ones(2), 1.0).to_event(1))


class Grouped(EasyGuide):
    """Two groups: global sites, and local ones within one of their two plates."""

    def guide(self, size=6, subsample_size=6):
        everywhere = self.group(match="[abs]")
        loc = pyro.param("loc", torch.zeros(everywhere.event_shape))
        joint = everywhere.sample("joint", dist.Normal(loc, 0.5).to_event(1), infer={"tag": 1})
        local = Group(self, self.group(match="w").prototype_sites)
        with self.plate("d", size, subsample_size), self.plate("e", 2):
            return joint, local.sample("local", dist.Normal(torch.zeros(local.event_shape), 1.0).to_event(1))


class Points(EasyGuide):
    def guide(self, size=6, subsample_size=6):
        self.map_estimate("a")
        self.group(match="b|s").map_estimate()
        with self.plate("d", size, subsample_size), self.plate("e", 2):
            return self.map_estimate("w")

    def init(self, site):
        return torch.full_like(super().init(site), 0.25)


def test_a_group_has_all_its_unconstrained_values():
    (joint, values), (local, local_values) = Grouped(model)()
    assert joint.shape == (1 + 3 + 3,) and local.shape == (2, 6, 2)
    assert {name: value.shape for name, value in values.items()} == {"a": (), "b": (3,), "s": (4,)}
    assert torch.allclose(local_values["w"], local.exp())


def test_the_density_of_a_group_is_that_of_its_vector_transformed():
    trace = poutine.trace(Grouped(model)).get_trace()
    trace.compute_log_prob()
    joint = trace.nodes["joint"]
    assert joint["infer"] == {"tag": 1, "is_auxiliary": True}
    supports = {"a": constraints.real, "b": constraints.independent(constraints.positive, 1), "s": constraints.simplex}
    for (name, support), part in zip(supports.items(), joint["value"].split([1, 3, 3]), strict=True):
        transform = biject_to(support)
        assert torch.allclose(trace.nodes[name]["value"], transform(part))
        expected = -transform.log_abs_det_jacobian(part, transform(part)).sum()
        assert torch.allclose(trace.nodes[name]["log_prob_sum"], expected, atol=1e-5)
    assert trace.nodes["w"]["log_prob"].shape == (2, 6)
    assert torch.allclose(trace.nodes["w"]["log_prob"], -trace.nodes["local"]["value"].sum(-1), atol=1e-5)


def crossed_model():
    d, e = pyro.plate("d", 3, dim=-1), pyro.plate("e", 2, dim=-2)
    with d:
        pyro.sample("x", dist.Normal(0.0, 1.0))
        with e:
            pyro.sample("y", dist.Dirichlet(torch.ones(3)))
    with e:
        pyro.sample("z", dist.Normal(0.0, 1.0))


@pytest.mark.parametrize(("match", "common", "vector_shape"), [
    (".*", {}, (3 + 6 * 2 + 2,)),
    ("x|y", {"d": 3}, (3, 1 + 2 * 2)),
    ("y|z", {"e": 2}, (2, 1, 3 * 2 + 1)),
    ("y", {"d": 3, "e": 2}, (2, 3, 2)),
])
def test_plates_that_only_some_sites_are_in_belong_to_the_vector(match, common, vector_shape):
    @easy_guide(crossed_model)
    def guide(self):
        group = self.group(match=match)
        assert [frame.name for frame in group.common_frames] == list(common)
        with ExitStack() as stack:
            for name, size in common.items():
                stack.enter_context(self.plate(name, size))
            return group.sample("joint", dist.Normal(torch.zeros(group.event_shape), 1.0).to_event(1))

    vector, values = guide()
    assert vector.shape == vector_shape
    shapes = {"x": (3,), "y": (2, 3, 3), "z": (2, 1)}
    assert values and all(value.shape == shapes[name] for name, value in values.items())
    flat = torch.cat([biject_to(constraints.simplex if name == "y" else constraints.real).inv(value).flatten()
                      for name, value in values.items()])
    assert torch.allclose(flat.sort()[0], vector.flatten().sort()[0], atol=1e-5)


def test_point_estimates_are_parameters_of_the_full_size(store):
    guide = Points(model)
    trace = poutine.trace(guide).get_trace(6, 3)
    assert {name: value.shape for name, value in store.items()} == {
        "Points.a": (), "Points.b": (3,), "Points.s": (4,), "Points.w": (2, 6, 2)}
    assert all((value == 0.25).all() or torch.allclose(value, torch.tensor(0.25)) for value in store.values())
    assert trace.nodes["w"]["value"].shape == (2, 3, 2) and trace.nodes["w"]["scale"] == 2.0
    assert isinstance(trace.nodes["b"]["fn"], dist.Delta)
    assert [name for name, _ in guide.named_pyro_params()] == ["a", "b", "s", "w"]


def test_sites_of_modules_may_be_estimated():
    class Net(PyroModule):
        def __init__(self):
            super().__init__()
            self.linear = PyroModule[torch.nn.Linear](2, 1)
            self.linear.bias = PyroSample(dist.Normal(0.0, 1.0).expand([1]).to_event(1))

        def forward(self):
            return self.linear(torch.ones(2))

    guide = easy_guide(Net())(lambda self: self.map_estimate("linear.bias"))
    assert guide().shape == (1,) and [n for n, _ in guide.named_parameters()] == ["linear.bias_unconstrained"]


def test_it_finds_a_conjugate_posterior(store):
    """Ten observations of mean 2 under a standard normal prior: the posterior is normal, 20/11 and 1/11."""
    def model():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        with pyro.plate("data", 10):
            pyro.sample("x", dist.Normal(z, 1.0), obs=torch.full((10,), 2.0))

    @easy_guide(model)
    def guide(self):
        group = self.group()
        loc = pyro.param("loc", torch.zeros(group.event_shape))
        scale = pyro.param("scale", torch.ones(group.event_shape), constraint=constraints.positive)
        group.sample("vector", dist.Normal(loc, scale).to_event(1))

    svi = SVI(model, guide, Adam({"lr": 0.02}), Trace_ELBO())
    assert svi.run(600).parts[-1].how != "eager"
    assert store["loc"].item() == pytest.approx(20 / 11, abs=0.1)
    assert store["scale"].item() == pytest.approx(math.sqrt(1 / 11), abs=0.05)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda guide: pickle.loads(pickle.dumps(guide))])
def test_copies(copied, store):
    guide = Points(model)
    guide()
    twin = copied(guide)
    store.clear()
    assert torch.equal(twin(), guide.w)


def test_groups_and_plates_are_made_once():
    @easy_guide(model)
    def guide(self):
        assert self.group(match="a") is self.group(match="a") and self.plate("d") is self.plate("d")
        assert self.plate("d").dim == -1 and self.plate("e").dim == -2
        return self.group(match="a")

    assert guide().guide is guide and guide.plates == {} and guide.model is model
    assert guide._pyro_name == "guide" and set(guide.frames) == {"d", "e"}


def test_sequential_plates_are_refused():
    def model():
        for i in pyro.plate("d", 2):
            pyro.sample(f"x_{i}", dist.Normal(0.0, 1.0))

    with pytest.raises(NotImplementedError, match="'x_0'.*'d'"):
        easy_guide(model)(lambda self: None)()


@pytest.mark.parametrize(("statement", "error", "message"), [
    (lambda self: self.group(match="q"), ValueError, "pattern 'q' matched no model sites"),
    (lambda self: self.map_estimate("q"), KeyError, "'q' is no latent site"),
    (lambda self: self.group("a").sample("v", dist.Normal(0.0, 1.0)), ValueError, r"expected \(1,\), actual \(\)"),
    (lambda self: Group(self, []), AssertionError, "at least one site"),
])
def test_bad_statements_are_refused(statement, error, message):
    guide = easy_guide(model)(statement)
    with pytest.raises(error, match=message):
        guide()


def test_sites_are_unknown_before_the_first_run():
    with pytest.raises(AttributeError, match="first run"):
        Points(model).group()
    with pytest.raises(TypeError, match="abstract"):
        EasyGuide(model)
