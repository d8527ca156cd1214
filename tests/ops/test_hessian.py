"""Laws of second derivatives."""

import torch

from pyro.ops.hessian import hessian


def test_hessian_of_one_and_of_several_variables() -> None:
    torch.manual_seed(0)
    a, b = (torch.randn(n).double().requires_grad_() for n in (3, 2))

    def loss(flat: torch.Tensor) -> torch.Tensor:
        return flat[:3].exp().sum() * flat[3] + flat[4] * 3

    flat = torch.cat([a, b]).detach().requires_grad_()
    expected = torch.autograd.functional.hessian(loss, flat)
    torch.testing.assert_close(hessian(loss(flat), flat), expected)
    torch.testing.assert_close(hessian(loss(torch.cat([a, b])), [a, b]), expected)


def test_a_linear_function_has_none() -> None:
    x = torch.ones(2, requires_grad=True)
    assert (hessian((2 * x).sum(), x) == 0).all()
