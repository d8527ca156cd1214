import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.autoguide.initialization import InitMessenger, init_to_value
from pyro.infer.reparam import LatentStableReparam, LocScaleReparam


def traced(fn, reparam, obs=None):
    return poutine.trace(poutine.reparam(lambda: pyro.sample("x", fn, obs=obs), config={"x": reparam})).get_trace()


@pytest.fixture(autouse=True)
def store():
    pyro.clear_param_store()


@pytest.mark.parametrize("centered", [0.0, 0.3, torch.tensor(0.3)])
def test_the_formula(centered):
    loc, scale = torch.tensor(1.5), torch.tensor(2.0)
    trace = traced(dist.StudentT(3.0, loc, scale), LocScaleReparam(centered))
    fn, z = trace.nodes["x_decentered"]["fn"], trace.nodes["x_decentered"]["value"]
    assert fn.df == 3
    torch.testing.assert_close(fn.loc, centered * loc)
    torch.testing.assert_close(fn.scale, scale**centered)
    torch.testing.assert_close(trace.nodes["x"]["value"], loc + scale ** (1 - centered) * (z - centered * loc))


def test_centred_is_the_site_itself():
    assert traced(dist.Normal(1.0, 2.0), LocScaleReparam(1.0)).stochastic_nodes == ["x"]


def test_the_parameter_has_the_shape_of_the_event():
    def rows():
        with pyro.plate("rows", 3):
            pyro.sample("x", dist.Normal(torch.zeros(4), 1.0).to_event(1))

    poutine.reparam(rows, config={"x": LocScaleReparam()})()
    centered = pyro.param("x_centered")
    assert centered.shape == (4,) and (centered == 0.5).all()
    constraint = pyro.get_param_store().get_state()["constraints"]["x_centered"]
    assert (constraint.lower_bound, constraint.upper_bound) == (0, 1)


def test_what_begins_elsewhere_follows_its_auxiliary_site():
    """The angle cannot begin where x is told to: x is then what the angle leads to."""
    config = {"x": LocScaleReparam(0.0), "x_decentered": LatentStableReparam()}
    model = poutine.reparam(lambda: pyro.sample("x", dist.Stable(1.5, 0.0, 2.0, 10.0)), config=config)
    with InitMessenger(init_to_value(values={"x": torch.tensor(3.0)})), pytest.warns(RuntimeWarning, match="commute"):
        trace = poutine.trace(model).get_trace()
    torch.testing.assert_close(trace.nodes["x"]["value"], 10 + 2 * trace.nodes["x_decentered"]["value"])


@pytest.mark.parametrize("centered", [1.5, -0.1, "all", torch.tensor([0.0, 2.0])])
def test_bad_degrees_of_centring(centered):
    with pytest.raises(AssertionError, match="expected centered to be a number or a tensor from 0 to 1"):
        LocScaleReparam(centered)


def test_bad_shape_params():
    with pytest.raises(AssertionError, match="expected shape_params to be parameters' names"):
        LocScaleReparam(shape_params=[1])


@pytest.mark.parametrize(("fn", "error", "message"), [
    (dist.Gamma(1.0, 1.0), AttributeError, "'Gamma' object has no attribute 'loc'"),
    (dist.VonMises(0.0, 1.0), AttributeError, "'VonMises' object has no attribute 'scale'"),
    (dist.LogNormal(0.0, 1.0), ValueError, "Site 'x': .* over the real line, got LogNormal"),
])
def test_other_families_are_refused(fn, error, message):
    with pytest.raises(error, match=message):
        traced(fn, LocScaleReparam(0.0))
