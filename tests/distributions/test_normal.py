"""Densities and draws at the edges of floating point; the rest has rows in ``table.py``."""

import math
from typing import Any

import pytest
import scipy.stats as stats
import torch
from torch.func import vmap

import pyro.distributions as dist


@pytest.mark.parametrize("z", [0.0, 1e-8, 1.0, -40.0, 1e6])
@pytest.mark.parametrize("scale", [1e-20, 1e-3, 1.0, 1e30])
@pytest.mark.parametrize("dtype, rtol", [(torch.float32, 1e-5), (torch.float64, 1e-13)], ids=str)
def test_extreme_scales_keep_their_digits(scale: float, z: float, dtype: torch.dtype, rtol: float) -> None:
    parameter = torch.tensor(scale, dtype=dtype, requires_grad=True)
    value = torch.tensor(z * scale, dtype=dtype)
    log_prob = dist.Normal(torch.zeros((), dtype=dtype), parameter).log_prob(value)
    gradient, = torch.autograd.grad(log_prob, parameter)
    assert log_prob.dtype == dtype
    assert log_prob.item() == pytest.approx(stats.norm(0, scale).logpdf(z * scale), rel=rtol, abs=rtol)
    assert gradient.item() == pytest.approx((z * z - 1) / scale, rel=rtol)


@pytest.mark.parametrize("value", [1, 2.5, torch.tensor(3), torch.tensor(3.0, dtype=torch.float64)], ids=str)
def test_numbers_of_any_type_are_scored_as_by_torch(value: Any) -> None:
    for loc, scale in ((0.0, 2.0), (torch.zeros(2), torch.tensor(2.0)), (torch.zeros(2).double(), torch.ones(2))):
        ours = dist.Normal(loc, scale, validate_args=False).log_prob(value)
        theirs = torch.distributions.Normal(loc, scale, validate_args=False).log_prob(value)
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("batch, value", [((), (3,)), ((3,), ()), ((2, 1), (3,)), ((3,), (2, 1)), ((1,), (4, 3))])
def test_shapes_broadcast(batch: tuple[int, ...], value: tuple[int, ...]) -> None:
    loc, scale = torch.zeros(batch, requires_grad=True), torch.ones(batch, requires_grad=True)
    log_prob = dist.Normal(loc, scale).log_prob(torch.zeros(value))
    assert log_prob.shape == torch.broadcast_shapes(batch, value)
    gradients = torch.autograd.grad(log_prob.sum(), (loc, scale))
    assert [gradient.shape for gradient in gradients] == [loc.shape, scale.shape]
    assert gradients[1].sum().item() == -log_prob.numel()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("shape", [(), (3,)])
def test_draws_are_those_of_torch(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    draws = []
    for family in (dist.Normal, torch.distributions.Normal):
        torch.manual_seed(5)
        draws.append(family(torch.ones(2, dtype=dtype), torch.full((2,), 3.0, dtype=dtype)).rsample(torch.Size(shape)))
    assert draws[0].dtype == dtype
    eps = torch.finfo(dtype).eps  # ours is rounded once, torch's twice
    torch.testing.assert_close(draws[0], draws[1], rtol=eps, atol=4 * eps)


def test_draws_pass_gradients_to_both_parameters() -> None:
    loc, scale = torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    x = dist.Normal(loc, scale).rsample((5,))
    gradients = torch.autograd.grad(x.sum(), (loc, scale))
    assert gradients[0] == 5
    torch.testing.assert_close(gradients[1], ((x - loc) / scale).sum())


def test_mapped_draws_are_independent() -> None:
    draws = vmap(lambda loc: dist.Normal(loc, 1.0).rsample(), randomness="different")(torch.zeros(100))
    assert len(draws.unique()) == 100


def test_infinity_has_no_density() -> None:
    log_prob = dist.Normal(0.0, 1.0).log_prob(torch.tensor([math.inf, -math.inf]))
    assert (log_prob == -math.inf).all()
