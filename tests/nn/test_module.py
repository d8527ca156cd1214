"""Modules are programs: their attributes are statements in a run and plain tensors outside of it."""

import copy
import io
import pickle
import threading

import pytest
import torch
from torch import nn

import pyro
import pyro.distributions as dist
from pyro import poutine, settings
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from pyro.nn import PyroModule, PyroModuleList, PyroParam, PyroSample, pyro_method
from pyro.nn.module import clear, to_pyro_module_
from pyro.optim import Adam


class Model(PyroModule):
    def __init__(self, name=""):
        super().__init__(name)
        self.x = PyroParam(torch.tensor(2.0), constraints.positive)
        self.w = nn.Parameter(torch.zeros(3))
        self.z = PyroSample(dist.Normal(0.0, 1.0))
        self.linear = PyroModule[nn.Linear](3, 1)
        self.plain = nn.Linear(1, 1)
        self.register_buffer("shift", torch.ones(()))

    def forward(self):
        return self.plain(self.linear(self.w)) * self.x + self.z + self.shift

    @pyro_method
    def twice(self):
        return self.z, self.z


def site_names(fn, *args):
    return [name for name in poutine.trace(fn).get_trace(*args).nodes if not name.startswith("_")]


def through_file(module):
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


COPIES = pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m)), through_file],
                                 ids=["deepcopy", "pickle", "file"])


# ---- statements

def test_a_run_makes_statements_and_the_rest_is_plain(store):
    model = Model()
    assert site_names(lambda: (model.x, model.w, model.z)) == [] and not store
    assert not torch.equal(model.z, model.z)
    assert site_names(model) == ["plain$$$weight", "plain$$$bias", "w", "linear.weight", "linear.bias", "x", "z"]
    assert set(store) == {"plain$$$weight", "plain$$$bias", "linear.weight", "linear.bias", "w", "x"}
    assert store["x"].unconstrained() is model.x_unconstrained and store["w"] is model.w


def test_a_random_attribute_has_one_value_in_a_run():
    model = Model()
    assert len({value.item() for value in model.twice()}) == 1
    assert model.twice()[0] != model.twice()[0]


def test_names_are_paths_from_the_root():
    root = Model("root")
    root.child = Model("ignored")
    root.child.items = PyroModuleList([Model(), nn.Linear(1, 1)])
    names = site_names(root.child.items[0])
    assert "root.child.items.0.linear.weight" in names and "root.child.items.0.z" in names
    assert root.child._pyro_name == "root.child" and root._pyro_get_fullname("x") == "root.x"
    assert root.child.items[0]._pyro_context is root._pyro_context


def test_a_list_announces_plain_modules_however_they_are_reached():
    for read in (lambda items: [m.bias for m in items], lambda items: items[-1].bias):
        root = PyroModule()
        root.items = PyroModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
        with root._pyro_context:
            assert "items.1$$$bias" in site_names(read, root.items)
    assert type(root.items[:1]) is nn.ModuleList and root.items[0] is next(iter(root.items))


def test_handlers_reach_attributes():
    model = Model()
    assert poutine.condition(model.twice, data={"z": torch.tensor(7.0)})()[0].item() == 7.0
    trace = poutine.trace(model.twice).get_trace()
    assert torch.equal(poutine.replay(model.twice, trace=trace)()[0], trace.nodes["z"]["value"])
    prior = {"w": dist.Normal(torch.zeros(3), 1.0).to_event(1), "x": dist.Delta(torch.ones(()))}
    lifted = poutine.lift(model, prior=prior)
    assert {"w", "x", "z"} <= set(poutine.trace(lifted).get_trace().stochastic_nodes)
    substituted = poutine.trace(poutine.substitute(model, data={"x": torch.tensor(5.0)})).get_trace()
    assert substituted.nodes["x"]["value"].item() == 5.0


def test_a_parameter_has_the_rows_of_the_plate_around():
    class Rows(PyroModule):
        def __init__(self):
            super().__init__()
            self.p = PyroParam(torch.arange(20.0).reshape(10, 2), event_dim=1)

        def forward(self):
            with pyro.plate("d", 10, subsample_size=3) as rows:
                return rows, self.p

    module = Rows()
    rows, p = module()
    assert torch.equal(p, module.p[rows]) and module.p.shape == (10, 2)


def test_frozen_parameters_are_no_statements(store):
    linear = PyroModule[nn.Linear](2, 1)
    linear.weight.requires_grad_(False)
    linear(torch.ones(2))
    assert list(store) == ["bias"] and not linear.weight.requires_grad


def test_threads_run_one_module_at_once():
    model, inside, drawn = Model(), threading.Barrier(2, timeout=10), {}

    def run(value):
        with poutine.condition(data={"z": torch.tensor(value)}), model._pyro_context:
            first = model.z
            inside.wait()
            drawn[value] = (first.item(), model.z.item())

    threads = [threading.Thread(target=run, args=(value,)) for value in (1.0, 2.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert drawn == {1.0: (1.0, 1.0), 2.0: (2.0, 2.0)}


# ---- classes

def test_one_class_for_each_module_class():
    assert PyroModule[nn.Linear] is PyroModule[nn.Linear] and PyroModule[nn.Linear].__name__ == "PyroLinear"
    assert PyroModule[nn.Module] is PyroModule and PyroModule[Model] is Model
    assert PyroModule[nn.ModuleList] is PyroModuleList
    assert issubclass(PyroModule[nn.Linear], nn.Linear)
    assert repr(PyroModule[nn.Linear](2, 3)) == "PyroLinear(in_features=2, out_features=3, bias=True)"
    with pytest.raises(AssertionError, match=r"torch\.nn\.Module"):
        PyroModule[int]


@pytest.mark.parametrize("cls", [PyroModule[nn.Linear], PyroModule[nn.GRU], PyroModule, PyroModuleList, Model])
def test_classes_are_pickled(cls):
    assert pickle.loads(pickle.dumps(cls)) is cls and copy.deepcopy(cls) is cls


@pytest.mark.parametrize("cls", [nn.GRU, nn.LSTM, nn.RNN])
@pytest.mark.parametrize("in_place", [True, False])
def test_recurrent_modules_may_be_bayesian(cls, in_place):
    if in_place:
        net = cls(2, 3)
        to_pyro_module_(net)
    else:
        net = PyroModule[cls](2, 3)
    reference = cls(2, 3)
    for name, value in reference.named_parameters():
        setattr(net, name, PyroSample(dist.Delta(value.detach()).to_event(value.dim())))
    x = torch.randn(1, 4, 2)
    assert len(poutine.trace(net).get_trace(x).stochastic_nodes) == 4
    assert torch.allclose(net(x)[0], reference(x)[0], atol=1e-6)


@pytest.mark.parametrize("recurse", [True, False])
def test_modules_are_turned_in_place(recurse):
    net = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.ReLU()))
    net[1][0].weight.data.zero_()
    to_pyro_module_(net, recurse=recurse)
    assert isinstance(net, PyroModule) and isinstance(net[1][0], PyroModule) == recurse
    if recurse:
        assert net[1][0]._pyro_name == "1.0" and net[1][0]._pyro_context is net._pyro_context
        assert site_names(net, torch.ones(2)) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]
    assert not net[1][0].weight.any()
    with pytest.raises(TypeError, match=r"nn\.Module instance"):
        to_pyro_module_(3)


# ---- assigning and deleting

KINDS = {
    "sample": lambda: PyroSample(dist.Normal(0.0, 1.0)),
    "param": lambda: PyroParam(torch.tensor(4.0), constraints.positive),
    "parameter": lambda: nn.Parameter(torch.tensor(4.0)),
    "module": lambda: nn.Linear(1, 1),
    "pyro module": lambda: PyroModule[nn.Linear](1, 1),
}


@pytest.mark.parametrize("old", KINDS)
@pytest.mark.parametrize("new", KINDS)
def test_an_attribute_may_become_another_kind(old, new, store):
    module = PyroModule()
    module.a = KINDS[old]()
    with module._pyro_context:
        module.a  # noqa: B018
    module.a = KINDS[new]()
    kept = {"sample": module._pyro_samples, "param": module._pyro_params, "parameter": module._parameters,
            "module": module._modules, "pyro module": module._modules}
    assert {kind for kind, names in kept.items() if "a" in names} >= {new}
    assert "a" not in store and len(module._parameters) + len(module._modules) + len(module._pyro_samples) == 1
    del module.a
    assert not hasattr(module, "a") and not list(module.parameters())


def test_assigning_a_value_keeps_the_leaf(store):
    model = Model()
    model()
    leaf = model.x_unconstrained
    model.x = torch.tensor(3.0)
    assert model.x_unconstrained is leaf and store["x"].item() == pytest.approx(3.0) == model.x.item()
    with pytest.raises(ValueError, match="Parameter 'x'"):
        model.x = torch.tensor(-3.0)


def test_the_initial_value_is_not_trained():
    init = torch.ones(2)
    model = Model()
    model.x = PyroParam(init)
    with torch.no_grad():
        model.x_unconstrained.add_(1)
    assert torch.equal(init, torch.ones(2)) and not init.requires_grad


def test_registered_modules_are_submodules():
    root = PyroModule("root")
    root.add_module("a", Model())
    root.register_module("b", Model())
    assert (root.a._pyro_name, root.b._pyro_name) == ("root.a", "root.b")


def test_assignments_before_init_are_refused():
    class Early(PyroModule):
        def __init__(self):
            self.x = PyroSample(dist.Normal(0.0, 1.0))

    with pytest.raises(AttributeError, match="super"):
        Early()
    with pytest.raises(AttributeError, match="nothing"):
        Model().nothing  # noqa: B018


def test_clear_empties_module_and_store(store):
    model = Model()
    model()
    clear(model)
    assert not store and not list(model.parameters()) and not model._modules and not model._pyro_samples


def test_named_pyro_params_gives_constrained_values():
    model = Model()
    named = dict(model.named_pyro_params(prefix="m"))
    assert list(named) == ["m.x", "m.w", "m.linear.weight", "m.linear.bias", "m.plain.weight", "m.plain.bias"]
    assert named["m.x"].item() == pytest.approx(2.0) and named["m.w"] is model.w
    assert [name for name, _ in model.named_pyro_params(recurse=False)] == ["x", "w"]


# ---- copies and files

@COPIES
@pytest.mark.parametrize("is_used", [True, False])
def test_copies_are_independent(copied, is_used, store):
    model = Model()
    model.linear.weight = PyroSample(dist.Normal(0.0, 1.0).expand([1, 3]).to_event(2))
    if is_used:
        model()
    twin = copied(model)
    store.clear()
    assert repr(twin) == repr(model) and twin.x.item() == model.x.item()
    assert twin._pyro_context is not model._pyro_context and twin.linear._pyro_context is twin._pyro_context
    twin.x = torch.tensor(9.0)
    assert model.x.item() == pytest.approx(2.0)
    assert "linear.weight" in poutine.trace(twin).get_trace().stochastic_nodes


def test_decorated_parameters_are_loaded_before_the_first_call():
    class Decorated(PyroModule):
        @PyroParam(constraint=constraints.positive)
        def x(self):
            return torch.tensor(1.0)

    root = PyroModule()
    root.a = Decorated()
    root.a.x = torch.tensor(1.0) + root.a.x.detach()
    fresh = PyroModule()
    fresh.a = Decorated()
    fresh.load_state_dict(root.state_dict())
    assert fresh.a.x.item() == pytest.approx(2.0)


# ---- inference

class Regression(PyroModule):
    def __init__(self):
        super().__init__()
        self.linear = PyroModule[nn.Linear](2, 1)
        self.linear.weight = PyroSample(dist.Normal(0.0, 1.0).expand([1, 2]).to_event(2))
        self.scale = PyroParam(torch.tensor(0.5), constraints.positive)

    def forward(self, x, y=None):
        mean = self.linear(x).squeeze(-1)
        with pyro.plate("data", len(x)):
            pyro.sample("y", dist.Normal(mean, self.scale), obs=y)
        return mean


class RegressionGuide(PyroModule):
    def __init__(self):
        super().__init__("guide")
        self.loc = nn.Parameter(torch.zeros(1, 2))
        self.scale = PyroParam(torch.full((1, 2), 0.1), constraints.positive)

    def forward(self, x, y=None):
        pyro.sample("linear.weight", dist.Normal(self.loc, self.scale).to_event(2))


X = torch.linspace(-1.0, 1.0, 16).reshape(8, 2)
Y = X.sum(-1)


@pytest.mark.parametrize("local", [False, True])
def test_a_compiled_run_is_the_eager_one(local, store):
    ends = []
    for is_compiled in (False, True):
        store.clear()
        pyro.set_rng_seed(0)
        model, guide = Regression(), RegressionGuide()
        with settings.context(module_local_params=local, eager_random_numbers=True):
            svi = SVI(model, guide, Adam({"lr": 0.01}), Trace_ELBO())
            pyro.set_rng_seed(1)
            if is_compiled:
                result = svi.run(10, X, Y)
                assert result.parts[-1].how != "eager"
            else:
                for _ in range(10):
                    svi.step(X, Y)
        assert bool(store) != local
        ends.append([p.detach().clone() for p in [*model.parameters(), *guide.parameters()]])
        assert model.scale.item() != pytest.approx(0.5, abs=1e-3)
    for eager, compiled in zip(*ends, strict=True):
        assert torch.allclose(eager, compiled, atol=1e-5)


class Prediction(PyroModule):
    def __init__(self):
        super().__init__()
        self.model = Regression()

    def forward(self, x, weight):
        return poutine.condition(self.model, data={"model.linear.weight": weight})(x)


def test_exported_modules_predict_the_same_and_stay_as_they_are(store):
    module, weight = Prediction(), torch.ones(1, 2)
    expected = module(X, weight)
    leaves = list(module.parameters())
    with pyro.validation_enabled(False):
        exported = torch.export.export(module, (X, weight), strict=False)
    assert torch.allclose(exported.module()(X, weight), expected)
    assert all(a is b for a, b in zip(module.parameters(), leaves, strict=True))
    assert all(type(leaf) in (torch.Tensor, nn.Parameter) for _, leaf in store.named_parameters())


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch's compiler looks at that of values that have none
def test_compiled_modules_draw_the_same(store, monkeypatch):
    # torch's compiler switches the checks of torch's distributions off for the process
    monkeypatch.setattr(torch.distributions.Distribution, "_validate_args", True)
    model = Regression()
    with poutine.condition(data={"linear.weight": torch.ones(1, 2)}):
        assert torch.allclose(torch.compile(model, backend="eager")(X), model(X))


def test_functional_calls_leave_the_store_alone(store):
    model = Model()
    model()
    kept = model.x_unconstrained
    torch.manual_seed(0)
    values = {name: torch.zeros_like(value) for name, value in model.named_parameters()}
    shifted = torch.func.functional_call(model, values, ()) - model.shift
    torch.manual_seed(0)
    assert shifted.item() == pytest.approx(dist.Normal(0.0, 1.0).sample().item())
    assert model.x_unconstrained is kept and store["x"].item() == pytest.approx(2.0)


def test_random_module_still_lifts():
    net = nn.Linear(2, 1)
    prior = {"weight": dist.Normal(torch.zeros(1, 2), 1.0).to_event(2)}
    with pytest.warns(FutureWarning, match="PyroModule"):
        draw = pyro.random_module("net", net, prior)
    assert poutine.trace(lambda: draw()(torch.ones(2))).get_trace().stochastic_nodes == ["net$$$weight"]
