"""Modified Bessel functions against ATen."""

import math

import pytest
import torch

from tests.compiler.loop.steps import agree, agree_all

FUNCTIONS = {name: getattr(torch.special, name) for name in ("i0", "i0e", "i1", "i1e")}


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-6), (torch.float64, 1e-14)])
def test_against_aten(dtype: torch.dtype, tolerance: float) -> None:
    x = torch.cat([torch.linspace(-12, 12, 241), torch.logspace(-6, 1.8, 60), torch.tensor([8.0, -8.0, 0.0, 1e-30])])
    for name, function in FUNCTIONS.items():
        # relative: divided by the value itself, or zero where that is
        exact = function(x.double()).to(dtype)
        scale = torch.where(exact == 0, 1, exact)
        agree_all({name: lambda x, s, f=function: f(x) / s}, x.to(dtype), scale, tolerance=tolerance)


def test_edges() -> None:
    agree_all(FUNCTIONS, torch.tensor([math.nan, 0.0, 80.0, -80.0, 1e4, 1e30]), tolerance=1e-3)
    agree(lambda x: (torch.special.i0e(x), torch.special.i1e(x)), torch.tensor([math.inf, -math.inf, 1e300]).double())


def test_the_density_of_von_mises() -> None:
    def function(x: torch.Tensor, k: torch.Tensor) -> tuple[torch.Tensor, ...]:
        with torch.enable_grad():
            leaf = k.detach().requires_grad_()
            value = torch.distributions.VonMises(x, leaf, validate_args=False).log_prob(x * 0.5)
            return value.detach(), *torch.autograd.grad(value.sum(), leaf)

    agree(function, torch.linspace(-3, 3, 9).double(), torch.logspace(-2, 2, 9).double(), tolerance=1e-7)
