"""A parameter's name stands for one tensor, in the module and in the store."""

import pytest
import torch
from torch import nn

import pyro
import pyro.distributions as dist
from pyro import poutine, settings
from pyro.distributions import constraints
from pyro.infer import SVI, Trace_ELBO
from pyro.infer.autoguide import AutoNormal, AutoNormalMessenger
from pyro.nn import PyroModule, PyroParam
from pyro.optim import SGD


class Net(PyroModule):
    def __init__(self, value, name="", shape=()):
        super().__init__(name)
        self.x = PyroParam(torch.full(shape, value), constraints.positive)
        self.w = nn.Parameter(torch.full(shape, value))
        self.plain = nn.Linear(1, 1)
        nn.init.constant_(self.plain.weight, value)

    def forward(self):
        return self.x, self.w, self.plain.weight


def values(net):
    return [value.mean().item() for value in net()]


def assert_agree(net, store):
    """What the module has is what the store has."""
    net()
    assert store["x"].unconstrained() is net.x_unconstrained
    assert store["w"] is net.w and store["plain$$$weight"] is net.plain.weight


def test_loaded_values_reach_modules(store):
    old = Net(2.0)
    old()
    state = store.get_state()
    store.clear()
    store.set_state({"params": {k: v.detach().clone() for k, v in state["params"].items()},
                     "constraints": state["constraints"]})
    new = Net(1.0)
    assert values(new) == pytest.approx([2.0] * 3)
    assert_agree(new, store)
    assert isinstance(new.w, nn.Parameter) and isinstance(new.x_unconstrained, nn.Parameter)


def test_values_set_in_the_store_reach_modules(store):
    net = Net(1.0)
    net()
    store["x"] = torch.tensor(3.0)
    store["w"] = torch.tensor(4.0)
    assert values(net) == pytest.approx([3.0, 4.0, 1.0])
    assert_agree(net, store)


def test_a_state_dict_reaches_the_store(store):
    net = Net(1.0)
    net()
    net.load_state_dict(Net(5.0).state_dict())
    assert store["x"].item() == pytest.approx(5.0) and store["w"].item() == 5.0
    assert_agree(net, store)


def test_a_cast_module_stays_the_stores(store):
    net = Net(1.0)
    net()
    net.double()
    assert_agree(net, store)
    assert store["x"].dtype == torch.float64


def test_lesson_08_two_instances_share_no_values_and_it_is_said(store):
    first, second = Net(1.0), Net(2.0)
    first()
    with pytest.warns(UserWarning) as caught:
        assert values(second) == pytest.approx([2.0] * 3)
    texts = [str(warning.message) for warning in caught]
    assert [text.split("'")[1] for text in texts] == ["x", "w", "plain$$$weight", "plain$$$bias"]
    assert "of Net and Net" in texts[0] and "of Linear and Linear" in texts[3]
    assert all("PyroModule(name)" in text and "module_local_params" in text for text in texts)
    assert second.x_unconstrained is not first.x_unconstrained and second.w is not first.w
    assert_agree(second, store)


@pytest.mark.filterwarnings("ignore:Parameter '.*' belongs to two instances")
def test_lesson_08_two_instances_are_trained_apart():
    def towards(net, goal):
        pyro.factor("nearness", -(net()[0] - goal).square().sum())

    first, second = Net(1.0), Net(1.0)
    for net, goal in [(first, 0.5), (second, 1.5)] * 60:
        SVI(lambda net=net, goal=goal: towards(net, goal), lambda: None, SGD({"lr": 0.05}), Trace_ELBO()).step()
    assert first.x.item() == pytest.approx(0.5, abs=0.1) and second.x.item() == pytest.approx(1.5, abs=0.1)


def test_lesson_08_one_name_for_two_modules_in_one_run():
    first, second = Net(1.0), Net(2.0)

    def model():
        first(), second()

    svi = SVI(model, lambda: None, SGD({"lr": 0.1}), Trace_ELBO())
    with pytest.raises(RuntimeError, match=r"Parameter 'x' belongs to two instances in one run, of Net and Net.*Give"):
        svi.step()


@pytest.mark.parametrize("guide_class", [AutoNormal, AutoNormalMessenger])
def test_lesson_08_a_guide_takes_over_what_an_earlier_one_has_learnt(guide_class):
    """A script's cell that makes guide and SVI is run again: so it goes on."""
    def model():
        pyro.sample("z", dist.Normal(3.0, 1.0))

    guides = [guide_class(model) for _ in range(2)]
    SVI(model, guides[0], SGD({"lr": 0.1}), Trace_ELBO()).step()
    with pytest.warns(UserWarning, match="takes over the store's value"):
        guides[1]()
    assert guides[1].locs.z.item() == guides[0].locs.z.item() != 0.0


def test_declared_parameters_take_over_what_nobody_uses(store):
    values(Net(1.0))
    net = Net(2.0)
    assert values(net) == pytest.approx([1.0, 2.0, 2.0])
    assert_agree(net, store)


def test_instances_named_the_same_on_purpose_share_all(store):
    first, second = Net(1.0, "net"), Net(2.0, "net")
    first()
    assert values(second) == [1.0] * 3
    assert second.x_unconstrained is first.x_unconstrained and second.w is first.w


def test_instances_of_different_names_share_nothing():
    first, second = Net(1.0, "a"), Net(2.0, "b")
    assert values(first) == [1.0] * 3 and values(second) == pytest.approx([2.0] * 3)


def test_a_module_made_in_each_call_keeps_its_declared_parameters(store):
    for step in range(3):
        net = Net(float(step + 1))
        assert net()[0].item() == pytest.approx(1.0)
        assert store["w"] is net.w  # what the module uses is what is trained
        del net


def test_another_shape_is_told(store):
    store["x"] = torch.ones(3)
    with pytest.warns(UserWarning, match=r"'x'.*shape \(\).*\(3,\)"):
        Net(1.0)()


@pytest.mark.parametrize("local", [True, False])
def test_reassigning_drops_the_old_parameter(local, store):
    with settings.context(module_local_params=local):
        net = Net(1.0)
        net()
        net.x = PyroParam(torch.ones(4))
        net.w = nn.Parameter(torch.ones(5))
        assert [value.shape for value in net()[:2]] == [(4,), (5,)]
        assert bool(store) != local


def test_local_parameters_belong_to_their_modules(store):
    with settings.context(module_local_params=True):
        first, second = Net(1.0), Net(2.0)
        assert values(first) == [1.0] * 3 and values(second) == pytest.approx([2.0] * 3)
        trace = poutine.trace(first).get_trace()
        assert [n for n, site in trace.nodes.items() if site["type"] == "param"] == [
            "x", "w", "plain$$$weight", "plain$$$bias"]
        assert trace.nodes["x"]["value"].unconstrained() is first.x_unconstrained
        assert not store


def test_lesson_11_statements_in_a_module_with_local_parameters(store):
    class Guide(PyroModule):
        def __init__(self):
            super().__init__()
            self.own = PyroParam(torch.tensor(0.5))

        def forward(self):
            scale = pyro.param("scale", torch.tensor(0.3), constraint=constraints.positive)
            pyro.sample("z", dist.Normal(self.own, scale))

    with settings.context(module_local_params=True):
        guide = Guide()
        svi = SVI(lambda: pyro.sample("z", dist.Normal(3.0, 1.0)), guide, SGD({"lr": 0.01}), Trace_ELBO())
        svi.step()
        assert list(store) == ["scale"] and guide.own.item() > 0.5 and store["scale"].item() > 0.3
