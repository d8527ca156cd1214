"""Gradients of draws have the right mean with any control variables and with optimal transport."""

import pytest
import torch

import pyro.distributions as dist

TRIL = torch.tensor([[1.0, 0.0], [0.5, 2.0]], dtype=torch.float64)
CONTROL = 0.1 * torch.tensor([[[1.0, 2.0]], [[3.0, 5.0]]], dtype=torch.float64)
WEIGHTS = torch.tensor([1.0, 3.0], dtype=torch.float64)


@pytest.mark.parametrize("build", [lambda loc, tril: dist.AVFMultivariateNormal(loc, tril, CONTROL),
                                   dist.OMTMultivariateNormal], ids=["AVF", "OMT"])
def test_gradients_have_the_right_mean(build):
    loc, tril = torch.zeros(2, dtype=torch.float64), TRIL.clone().requires_grad_()
    torch.manual_seed(0)
    grads = torch.stack([torch.autograd.grad((build(loc, tril).rsample((500,)).square() @ WEIGHTS).mean(), tril)[0]
                         for _ in range(40)])
    expected = (2 * WEIGHTS[:, None] * TRIL).tril()  # of the trace of diag(w) L L^T
    assert (abs(grads.mean(0).tril() - expected) <= 4.5 * grads.tril().std(0) / 40**0.5 + 1e-12).all()


def test_control_variables_get_the_gradient_of_half_the_squared_length():
    tril, control = TRIL.clone().requires_grad_(), CONTROL.clone().requires_grad_()

    def gradients(control):
        torch.manual_seed(1)
        x = dist.AVFMultivariateNormal(torch.zeros(2, dtype=torch.float64), tril, control).rsample()
        return torch.autograd.grad(x.square() @ WEIGHTS, (tril, control))

    half_square = lambda control: gradients(control)[0].tril().square().sum() / 2
    got = gradients(control)[1]
    change = torch.zeros_like(control)
    for index in torch.cartesian_prod(torch.arange(2), torch.arange(1), torch.arange(2)):
        step = change.index_put(tuple(index), torch.tensor(1e-6, dtype=torch.float64))
        expected = (half_square(control + step) - half_square(control - step)) / 2e-6
        torch.testing.assert_close(got[tuple(index)], expected, rtol=1e-6, atol=1e-6)
