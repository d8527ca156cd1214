"""A project registers neural networks by ``pyro.module``, and copies, pickles and saves them while training."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Trace_ELBO
from pyro.nn import PyroModule, PyroSample
from pyro.nn.module import to_pyro_module_
from pyro.optim import Adam

DATA = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


class AutoEncoder(nn.Module):
    """An encoder and a decoder, with the model and the guide as methods."""

    def __init__(self, hidden=3):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(2, hidden), nn.Softplus(), nn.Linear(hidden, 2))
        self.decoder = nn.Sequential(nn.Linear(1, hidden), nn.BatchNorm1d(hidden), nn.Linear(hidden, 2))
        self.register_buffer("unit", torch.ones(1))

    def model(self, data):
        pyro.module("decoder", self.decoder)
        with pyro.plate("data", len(data)):
            z = pyro.sample("z", dist.Normal(self.unit.new_zeros(len(data), 1), self.unit).to_event(1))
            pyro.sample("x", dist.Normal(self.decoder(z), 0.5).to_event(1), obs=data)

    def guide(self, data):
        pyro.module("encoder", self.encoder)
        with pyro.plate("data", len(data)):
            loc, log_scale = self.encoder(data).split(1, dim=-1)
            pyro.sample("z", dist.Normal(loc, log_scale.exp()).to_event(1))


def trained(steps=2):
    vae = AutoEncoder()
    svi = SVI(vae.model, vae.guide, Adam({"lr": 0.01}), Trace_ELBO())
    for _ in range(steps):
        svi.step(DATA)
    return vae


def by_torch_save(module):
    buffer = io.BytesIO()
    torch.save(module, buffer)
    buffer.seek(0)
    return torch.load(buffer, weights_only=False)


def by_state_dict(module):
    buffer = io.BytesIO()
    torch.save(module.state_dict(), buffer)
    buffer.seek(0)
    again = type(module)()
    again.load_state_dict(torch.load(buffer, weights_only=True))
    return again


def test_parameters_are_trained_under_the_modules_name():
    vae = trained()
    names = {f"encoder$$${name}" for name, _ in vae.encoder.named_parameters()}
    names |= {f"decoder$$${name}" for name, _ in vae.decoder.named_parameters()}
    assert set(pyro.get_param_store().keys()) == names
    for name, p in vae.encoder.named_parameters():
        assert pyro.param(f"encoder$$${name}") is p and pyro.get_param_store().param_name(p) == f"encoder$$${name}"
    assert set(pyro.get_param_store().match(r"decoder\$\$\$")) == {name for name in names if name.startswith("dec")}


COPIES = [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module)), by_torch_save, by_state_dict]


@pytest.mark.parametrize("copied", COPIES)
def test_lesson_17b_registered_modules_are_copied_and_saved(copied):
    vae = trained()
    again = copied(vae)
    assert {k: v.tolist() for k, v in again.state_dict().items()} == {
        k: v.tolist() for k, v in vae.state_dict().items()}
    again.encoder[0].weight.data.zero_()
    assert vae.encoder[0].weight.abs().sum() > 0
    svi = SVI(vae.model, vae.guide, Adam({"lr": 0.01}), Trace_ELBO())
    svi.step(DATA)


@pytest.mark.parametrize("copied", COPIES)
def test_a_copy_goes_on_training_in_a_store_of_its_own(copied):
    again = copied(trained())
    with pyro.get_param_store().scope():
        before = again.encoder[0].weight.detach().clone()
        svi = SVI(again.model, again.guide, Adam({"lr": 0.01}), Trace_ELBO())
        svi.step(DATA)
        assert not torch.equal(again.encoder[0].weight, before)
        assert pyro.param("encoder$$$0.weight") is again.encoder[0].weight


def test_constrained_values_are_copied_too():
    scale = pyro.param("scale", torch.tensor(2.0), constraint=dist.constraints.positive)
    leaf = scale.unconstrained()
    for copied in COPIES[1:3]:
        assert copied(leaf).item() == leaf.item()
        assert copied(scale.detach()).item() == pytest.approx(2.0)
    assert copy.deepcopy(leaf).item() == leaf.item()


def test_lesson_17a_a_file_of_the_store_is_read_by_a_new_process(tmp_path):
    vae = trained()
    expected = {name: value.tolist() for name, value in pyro.get_param_store().items()}
    pyro.get_param_store().save(tmp_path / "params.pt")
    pyro.clear_param_store()
    fresh = AutoEncoder()
    pyro.get_param_store().load(tmp_path / "params.pt")
    pyro.module("encoder", fresh.encoder, update_module_params=True)
    pyro.module("decoder", fresh.decoder, update_module_params=True)
    assert {name: value.tolist() for name, value in pyro.get_param_store().items()} == expected
    assert fresh.encoder[0].weight.tolist() == vae.encoder[0].weight.tolist()
    assert pyro.param("encoder$$$0.weight") is fresh.encoder[0].weight
    fresh.decoder.eval()
    SVI(fresh.model, fresh.guide, Adam({"lr": 0.01}), Trace_ELBO()).step(DATA)


def test_frozen_parameters_stay_outside():
    vae = AutoEncoder()
    vae.encoder[0].bias.requires_grad_(False)
    with pytest.warns(UserWarning, match="0.bias"):
        pyro.module("encoder", vae.encoder)
    assert "encoder$$$0.bias" not in pyro.get_param_store() and "encoder$$$0.weight" in pyro.get_param_store()


def test_modules_are_programs():
    """A module whose ``forward`` is the model is wrapped by handlers and called by estimators."""

    class Regression(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(2, 1)

        def forward(self, x, y=None):
            pyro.module("regression", self)
            with pyro.plate("data", len(x)):
                return pyro.sample("y", dist.Normal(self.linear(x).squeeze(-1), 1.0), obs=y)

    net = Regression()
    svi = SVI(net, lambda x, y: None, Adam({"lr": 0.1}), Trace_ELBO())
    target = DATA @ torch.tensor([1.0, -2.0])
    for _ in range(200):
        svi.step(DATA, target)
    assert torch.allclose(net.linear(DATA).squeeze(-1), target, atol=0.05)
    conditioned = pyro.poutine.trace(pyro.condition(net, data={"y": target})).get_trace(DATA)
    assert conditioned.nodes["y"]["is_observed"]


class OverANetwork(PyroModule):
    """Holds a plain network as it is given, and makes it random afterwards, in place."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        to_pyro_module_(self.net)
        for layer in self.net:
            layer.weight = PyroSample(dist.Normal(0.0, 1.0).expand(layer.weight.shape).to_event(2))

    def forward(self, x):
        return self.net(x)


class Around(PyroModule):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner.net(x)


@pytest.mark.parametrize(("wrap", "prefix"), [
    (OverANetwork, "net"), (lambda net: Around(OverANetwork(net)), "inner.net")])
def test_a_network_made_random_in_place_is_named_by_its_path(wrap, prefix):
    model = wrap(nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)))
    trace = pyro.poutine.trace(model).get_trace(DATA)
    assert trace.stochastic_nodes == [f"{prefix}.{i}.weight" for i in range(2)]
    assert list(pyro.get_param_store()) == [f"{prefix}.{i}.bias" for i in range(2)]
