"""Laws of the polynomial flow; see test_laws.py for those that it shares."""

import torch

from pyro.distributions.transforms.polynomial import Polynomial, polynomial
from pyro.ops.auto_reg_nn import AutoRegressiveNN


def test_value_is_the_integral_of_squares() -> None:
    degree, squares = 2, 3
    flow = Polynomial(AutoRegressiveNN(2, [5], [(degree + 1) * squares]), 2, degree, squares).double()
    x = torch.randn(2, dtype=torch.float64)
    coefficients = flow.arn(x).unflatten(0, (squares, degree + 1))
    nodes = torch.linspace(0, 1, 2001, dtype=torch.float64).unsqueeze(-1) * x
    powers = torch.stack([nodes**r for r in range(degree + 1)])
    integrand = torch.einsum("krd,rnd->knd", coefficients, powers).square().sum(0)
    expected = flow.c + torch.trapezoid(integrand, nodes, dim=0)
    torch.testing.assert_close(flow(x), expected, rtol=1e-6, atol=1e-6)


def test_defaults() -> None:
    flow = polynomial(3)
    assert (flow.count_degree, flow.count_sum, flow.arn.hidden_dims) == (4, 3, [30])
    before = flow.c.clone()
    flow.reset_parameters()
    assert not torch.equal(flow.c, before)
