"""Laws of the neural autoregressive flow; see test_laws.py for those that it shares."""

import pytest
import torch
from torch.nn.functional import softplus

from pyro.distributions.transforms.basic import ACTIVATIONS
from pyro.distributions.transforms.neural_autoregressive import (
    NeuralAutoregressive,
    conditional_neural_autoregressive,
    neural_autoregressive,
)
from pyro.ops.auto_reg_nn import AutoRegressiveNN


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_value_is_the_mean_through_the_activation(activation: str) -> None:
    flow = neural_autoregressive(3, activation=activation, width=5).double()
    x = torch.randn(7, 3, dtype=torch.float64)
    slopes, weights, shifts = flow.arn(x)
    units = flow.T(softplus(slopes) * x.unsqueeze(-2) + shifts)
    torch.testing.assert_close(flow(x), flow.T.inv((weights.softmax(-2) * units).sum(-2)))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_far_out_it_still_increases(activation: str) -> None:
    flow = neural_autoregressive(2, activation=activation)
    x = torch.linspace(-1e3, 1e3, 201).unsqueeze(-1).expand(-1, 2).clone().requires_grad_()
    y = flow(x)
    log_det = flow.log_abs_det_jacobian(x, y)
    (gradient,) = torch.autograd.grad(y.sum() + log_det.sum(), x)
    first = int(flow.arn.permutation[0])
    assert (y[:, first].diff() > 0).all()
    assert log_det.isfinite().all() and gradient.isfinite().all()


def test_options() -> None:
    with pytest.raises(ValueError, match="'ReLU'"):
        NeuralAutoregressive(AutoRegressiveNN(3, [5], [4, 4, 4]), 4, "ReLU")
    flow = conditional_neural_autoregressive(3, 2, activation="tanh", width=4).condition(torch.zeros(2))
    assert (flow.hidden_units, type(flow.T).__name__) == (4, "TanhTransform")
