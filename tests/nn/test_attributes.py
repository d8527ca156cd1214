"""Declarations of attributes: assigned or decorating, they mean the same."""

import functools

import pytest
import torch

import pyro.distributions as dist
from pyro import poutine
from pyro.distributions import constraints
from pyro.nn import PyroModule, PyroParam, PyroSample


class Assigned(PyroModule):
    def __init__(self):
        super().__init__()
        self.loc = PyroParam(torch.tensor([1.0, 2.0]))
        self.scale = PyroParam(lambda: torch.tensor(3.0), constraints.positive, 0)
        self.x = PyroSample(lambda self: dist.Normal(self.loc, self.scale).to_event(1))
        self.y = PyroSample(lambda self: 2 * self.x)

    def forward(self):
        return self.y


class Decorated(PyroModule):
    @PyroParam
    def loc(self):
        return torch.tensor([1.0, 2.0])

    @PyroParam(constraint=constraints.positive, event_dim=0)
    def scale(self):
        return torch.tensor(3.0)

    @PyroSample
    def x(self):
        return dist.Normal(self.loc, self.scale).to_event(1)

    @PyroSample
    def y(self):
        return 2 * self.x

    def forward(self):
        return self.y


@pytest.mark.parametrize("kind", [Assigned, Decorated])
def test_sites_of_a_run(kind):
    trace = poutine.trace(kind()).get_trace()
    assert [name for name in trace.nodes if name[0] != "_"] == ["loc", "scale", "x", "y"]
    assert trace.nodes["scale"]["kwargs"] == {"constraint": constraints.positive, "event_dim": 0}
    assert trace.nodes["y"]["infer"]["_deterministic"] and trace.stochastic_nodes == ["x"]
    assert torch.equal(trace.nodes["_RETURN"]["value"], 2 * trace.nodes["x"]["value"])


@pytest.mark.parametrize("kind", [Assigned, Decorated])
def test_parameters_once_read(kind):
    module = kind()
    assert torch.equal(module.loc, torch.tensor([1.0, 2.0])) and torch.allclose(module.scale, torch.tensor(3.0))
    assert dict(module._pyro_params) == {"loc": (constraints.real, None), "scale": (constraints.positive, 0)}
    assert list(module.state_dict()) == ["loc_unconstrained", "scale_unconstrained"]


@pytest.mark.parametrize("replacement", [
    PyroSample(dist.Delta(torch.tensor(5.0))), PyroParam(torch.tensor(5.0)), torch.tensor(5.0),
], ids=["sample", "param", "value"])
def test_an_instance_may_replace_what_its_class_decorates(replacement):
    module = Decorated()
    module.x = replacement
    assert module().item() == 10.0
    assert Decorated()().shape == (2,)


def test_declarations_can_be_read_off_the_class():
    assert isinstance(Decorated.loc, PyroParam) and isinstance(Decorated.x, PyroSample)
    assert Decorated.scale.constraint is constraints.positive
    init_value, constraint, event_dim = PyroParam(constraint=constraints.positive)
    assert (init_value, constraint, event_dim) == (None, constraints.positive, None)


def test_a_class_attribute_may_be_a_distribution():
    class Model(PyroModule):
        z = PyroSample(dist.Normal(0.0, 1.0))

        def forward(self):
            return self.z

    assert poutine.trace(Model()).get_trace().stochastic_nodes == ["z"]


def test_a_prior_may_be_a_partial_function():
    module = PyroModule()
    module.z = PyroSample(functools.partial(lambda self, value: dist.Delta(value), value=torch.tensor(2.0)))
    assert module.z.item() == 2.0


@pytest.mark.parametrize(("make", "error", "message"), [
    (lambda: PyroSample(torch.tensor(1.0)), TypeError, "is not a callable object"),
    (lambda: PyroSample(lambda: dist.Normal(0.0, 1.0)), AssertionError, "single argument 'self'"),
    (lambda: PyroParam(torch.ones(2))(lambda self: torch.ones(2)), AssertionError, "initial value"),
    (lambda: setattr(PyroModule(), "x", PyroParam()), AssertionError, "Parameter 'x'.*initial value"),
    (lambda: setattr(PyroModule(), "x", PyroParam(torch.tensor(-1.0), constraints.positive)), ValueError, "'x'"),
    (lambda: setattr(PyroModule(), "x", PyroParam(3.0)), TypeError, "Parameter 'x': expected a tensor"),
])
def test_bad_declarations_are_refused(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_a_tensor_in_the_class_body_is_refused():
    class Model(PyroModule):
        x = PyroParam(torch.ones(2))

    with pytest.raises(AttributeError):
        Model().x  # noqa: B018
