"""Laws of the elementwise nonlinearities; see test_laws.py for those that they share."""

import pytest
import torch

from pyro.distributions import constraints
from pyro.distributions.transforms.basic import ACTIVATIONS, activation_named, elu, leaky_relu, tanh

X = torch.tensor([-40.0, -1.0, -1e-3, 0.0, 2.0], dtype=torch.float64)


def test_values_are_those_of_torch() -> None:
    assert torch.equal(elu()(X), torch.nn.functional.elu(X))
    assert torch.equal(leaky_relu()(X), torch.nn.functional.leaky_relu(X))
    assert torch.equal(tanh()(X), X.tanh())


def test_elu_ends_above_minus_one() -> None:
    assert repr(elu().codomain) == repr(constraints.greater_than(-1.0))
    y = torch.tensor(-1.0, requires_grad=True)
    x = elu().inv(y)
    x.backward()
    assert x.isfinite() and y.grad is not None and y.grad.isfinite()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_increase(name: str) -> None:
    transform = activation_named(name)
    x = torch.linspace(-5, 5, 101)
    assert (transform(x).diff() > 0).all() and transform.sign == 1


def test_unknown_activation_is_refused() -> None:
    with pytest.raises(ValueError, match="'ReLU'"):
        activation_named("ReLU")
