"""A project works on the parameter store itself, and keeps several models apart in one process."""

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import SVI, Trace_ELBO
from pyro.optim import Adam
from pyro.poutine.messenger import Messenger


class Gaussian:
    """A model and a guide of the same parameter names as any other instance's."""

    def __init__(self, mean):
        self.data = torch.full((10,), mean)
        self.state = None

    def model(self):
        z = pyro.sample("z", dist.Normal(0.0, 10.0))
        with pyro.plate("data", len(self.data)):
            pyro.sample("x", dist.Normal(z, 1.0), obs=self.data)

    def guide(self):
        loc = pyro.param("loc", torch.tensor(0.0))
        scale = pyro.param("scale", lambda: torch.tensor(0.3), constraint=dist.constraints.positive)
        pyro.sample("z", dist.Normal(loc, scale))

    def fit(self, steps=150):
        with pyro.get_param_store().scope(self.state) as self.state:
            svi = SVI(self.model, self.guide, Adam({"lr": 0.1}), Trace_ELBO())
            for _ in range(steps):
                svi.step()
        return self

    def loc(self):
        with pyro.get_param_store().scope(self.state):
            return pyro.param("loc").item()


def test_two_models_share_a_process_and_names():
    first, second = Gaussian(3.0).fit(), Gaussian(-3.0).fit()
    assert first.loc() == pytest.approx(3.0, abs=0.3) and second.loc() == pytest.approx(-3.0, abs=0.3)
    assert len(pyro.get_param_store()) == 0
    before = first.loc()
    second.fit(5)
    assert first.loc() == before


def test_models_are_trained_in_turns():
    models = Gaussian(2.0), Gaussian(-2.0)
    for _ in range(15):
        for gaussian in models:
            gaussian.fit(10)
    assert [gaussian.loc() for gaussian in models] == pytest.approx([2.0, -2.0], abs=0.4)


def test_the_store_reads_like_a_dict():
    store = pyro.get_param_store()
    Gaussian(0.0).guide()
    assert list(store) == list(store.keys()) == ["loc", "scale"] and "loc" in store and len(store) == 2
    assert {name: value.item() for name, value in store.items()} == pytest.approx({"loc": 0.0, "scale": 0.3})
    assert [value.shape for value in store.values()] == [(), ()]
    assert {name: leaf.requires_grad for name, leaf in store.named_parameters()} == {"loc": True, "scale": True}
    median = {name: value.detach().cpu().numpy() for name, value in store.items()}
    assert median["scale"] == pytest.approx(0.3)
    assert store["scale"].unconstrained().item() == pytest.approx(torch.tensor(0.3).log().item())
    assert store.setdefault("loc", torch.tensor(5.0)).item() == 0.0
    del store["loc"]
    assert "loc" not in store
    pyro.clear_param_store()
    assert not store


def test_values_are_replaced_by_hand():
    Gaussian(0.0).guide()
    store = pyro.get_param_store()
    store["scale"] = torch.tensor(4.0)
    assert pyro.param("scale").item() == pytest.approx(4.0)
    with torch.no_grad():
        pyro.param("scale").unconstrained().fill_(0.0)
        pyro.param("loc").unconstrained().add_(2.0)
    assert store["scale"].item() == 1.0 and store["loc"].item() == 2.0
    store["loc"] = torch.zeros(3)
    assert pyro.param("loc", torch.tensor(0.0)).shape == (3,)


def test_a_snapshot_is_kept_and_taken_back():
    """The best parameters so far are kept in memory."""
    store = pyro.get_param_store()
    Gaussian(0.0).guide()
    state = store.get_state()
    best = {"params": {name: p.detach().clone().requires_grad_() for name, p in state["params"].items()},
            "constraints": dict(state["constraints"])}
    with torch.no_grad():
        store["scale"].unconstrained().add_(1.0)
    store.set_state(best)
    assert store["scale"].item() == pytest.approx(0.3)
    assert store.param_name(best["params"]["loc"]) == "loc"


def test_handlers_see_and_replace_parameters():
    class Prefix(Messenger):
        def _pyro_param(self, msg):
            name, *rest = msg["args"]
            msg["args"] = (f"mine.{name}", *rest)
            msg["name"] = f"mine.{name}"

    with Prefix():
        Gaussian(0.0).guide()
    assert list(pyro.get_param_store()) == ["mine.loc", "mine.scale"]


def test_a_guide_reads_parameters_that_another_program_made():
    pyro.param("AutoNormal.loc", torch.zeros(2))
    assert pyro.param("AutoNormal.loc").shape == (2,)
    with pytest.raises(KeyError):
        pyro.param("never made")


def test_gradients_are_looked_at_by_hooks():
    norms = {}
    gaussian = Gaussian(1.0)
    gaussian.guide()
    for name, leaf in pyro.get_param_store().named_parameters():
        leaf.register_hook(lambda grad, name=name: norms.setdefault(name, []).append(grad.norm().item()))
    svi = SVI(gaussian.model, gaussian.guide, Adam({"lr": 0.1}), Trace_ELBO())
    for _ in range(3):
        svi.step()
    assert {name: len(seen) for name, seen in norms.items()} == {"loc": 3, "scale": 3}
