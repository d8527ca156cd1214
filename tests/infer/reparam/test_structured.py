import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.autoguide.structured import AutoStructured
from pyro.infer.reparam import StructuredReparam


def model():
    x = pyro.sample("x", dist.Normal(1.0, 2.0))
    with pyro.plate("rows", 2):
        pyro.sample("y", dist.LogNormal(x, 1.0))
    pyro.sample("z", dist.Normal(x, 1.0), obs=torch.tensor(0.5))


class Guide:
    """What the reparametriser asks of a structured guide: x = 3 + 2 a, y = exp(b)."""

    prototype_trace = poutine.trace(model).get_trace()

    def get_deltas(self, save_params=None):
        a = pyro.sample("x_aux", dist.Normal(torch.zeros(1), 1.0).to_event(1), infer={"is_auxiliary": True}).squeeze()
        b = pyro.sample("y_aux", dist.Normal(torch.zeros(2), 1.0).to_event(1), infer={"is_auxiliary": True})
        deltas = {"x": dist.Delta(3 + 2 * a, torch.tensor(-math.log(2.0))), "y": dist.Delta(b.exp(), -b)}
        return {name: delta for name, delta in deltas.items() if save_params is None or name in save_params}


def test_the_density_is_that_of_the_coordinates():
    trace = poutine.trace(StructuredReparam(Guide()).reparam(model)).get_trace()
    values = {name: trace.nodes[name]["value"] for name in ("x", "y")}
    b = trace.nodes["y_aux"]["value"]
    assert torch.equal(values["y"], b.exp()) and trace.nodes["y_aux"]["cond_indep_stack"] == ()
    log_joint = poutine.trace(poutine.condition(model, data=values)).get_trace().log_prob_sum()
    torch.testing.assert_close(trace.log_prob_sum(), log_joint + math.log(2.0) + b.sum())


@pytest.mark.parametrize("conditionals", ["normal", "mvn"])
def test_with_the_guide_itself(conditionals):
    pyro.clear_param_store()
    pyro.set_rng_seed(0)
    guide = AutoStructured(model, conditionals=conditionals)
    guide()
    structured = StructuredReparam(guide)
    trace = poutine.trace(structured.reparam(model)).get_trace()
    aux = {name: trace.nodes[name]["value"].detach() for name in trace.stochastic_nodes if name.endswith("_aux")}

    def flat(*values):
        x, y = (structured.transform_samples(dict(zip(aux, values, strict=True)))[name] for name in ("x", "y"))
        return torch.cat([x.reshape(-1), y.reshape(-1)])

    values = {name: value.detach() for name, value in structured.transform_samples(aux).items()}
    log_joint = poutine.trace(poutine.condition(model, data=values)).get_trace().log_prob_sum()
    jacobian = torch.autograd.functional.jacobian(flat, tuple(aux.values()))
    stretch = torch.cat([block.reshape(3, -1) for block in jacobian], -1).det().abs().log()
    torch.testing.assert_close(trace.log_prob_sum(), log_joint + stretch, rtol=1e-4, atol=1e-4)


def test_samples_are_transformed():
    structured = StructuredReparam(Guide())
    aux = {"x_aux": torch.tensor([1.0]), "y_aux": torch.zeros(2)}
    values = structured.transform_samples(aux)
    assert values["x"] == 5 and torch.equal(values["y"], torch.ones(2))
    assert structured.transform_samples(aux, save_params=["x"]).keys() == {"x"}


def test_data_are_left_alone():
    trace = poutine.trace(poutine.reparam(model, config={"z": StructuredReparam(Guide())})).get_trace()
    assert trace.stochastic_nodes == ["x", "rows", "y"]


def test_other_guides_are_refused():
    with pytest.raises(TypeError, match="StructuredReparam expected an AutoStructured guide, but got"):
        StructuredReparam(3)
