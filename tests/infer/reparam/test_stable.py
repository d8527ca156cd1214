"""Draws and densities of stable sites are laws of ``test_reparam.py``; here is what is special."""

import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.reparam import LatentStableReparam, StableReparam, SymmetricStableReparam
from pyro.infer.reparam.stable import _recentred, _root_of_positive_stable


def reparametrised(fn, reparam, obs=None):
    return poutine.reparam(lambda: pyro.sample("x", fn, obs=obs), config={"x": reparam})


@pytest.mark.parametrize("stability", [0.4, 1.0, 1.7])
def test_the_positive_stable_variable(stability):
    """Its Laplace transform is exp(-s^a)."""
    torch.manual_seed(0)
    n, s = 100_000, torch.tensor([0.2, 1.0, 3.0]).unsqueeze(-1)
    u, w = torch.rand(n), torch.distributions.Exponential(1.0).sample((n,))
    half_square = _root_of_positive_stable(torch.tensor(stability), u, w).square() / 2
    draws = (-s * half_square).exp()
    expected = (-(s.squeeze(-1) ** (stability / 2))).exp()
    assert ((draws.mean(-1) - expected).abs() < 4 * draws.std(-1) / math.sqrt(n)).all()


def test_there_is_no_pole_at_stability_one():
    stability = torch.tensor([1 - 1e-9, 1.0, 1 + 1e-9], dtype=torch.double, requires_grad=True)
    shift = _recentred(stability, torch.full((3,), -0.5, dtype=torch.double))
    # its limit is 2 / pi beta log|beta|
    torch.testing.assert_close(shift, torch.full((3,), 2 / math.pi * -0.5 * math.log(0.5), dtype=torch.double))
    assert torch.autograd.grad(shift.sum(), stability)[0].isfinite().all()


@pytest.mark.parametrize("stability", [0.5, 1.0, 1.999, 2.0])
def test_gradients_are_finite(stability):
    torch.manual_seed(0)
    params = [torch.tensor(value, requires_grad=True) for value in (stability, 0.0, 1.0, 0.0)]
    with pyro.plate("rows", 1000):
        x = reparametrised(dist.Stable(*params), StableReparam())()
    grads = torch.autograd.grad(x.sum(), params)
    assert all(grad.isfinite() for grad in grads[-2:])
    assert stability == 2.0 or grads[0].isfinite()


def test_skew_is_refused_by_name():
    with pytest.raises(ValueError, match="Site 'x': SymmetricStableReparam found nonzero skew. Use StableReparam"):
        reparametrised(dist.Stable(1.5, torch.tensor([0.0, 0.1])), SymmetricStableReparam())()


def test_data_are_refused_by_the_latent_one():
    with pytest.raises(NotImplementedError, match="Site 'x': LatentStableReparam does not support observe statements"):
        reparametrised(dist.Stable(1.5, 0.0), LatentStableReparam(), obs=torch.tensor(1.0))()


@pytest.mark.parametrize("reparam", [LatentStableReparam, StableReparam, SymmetricStableReparam])
def test_other_distributions_are_refused(reparam):
    with pytest.raises(AssertionError, match=f"Site 'x': {reparam.__name__} expects a Stable distribution, got Normal"):
        reparametrised(dist.Normal(0.0, 1.0), reparam())()
