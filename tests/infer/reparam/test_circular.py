import math

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.reparam import CircularReparam
from pyro.infer.reparam.circular import _Unwrapped, _wrap


@pytest.mark.parametrize("loc", [0.0, 3.0])
def test_unwrapped_numbers_have_a_proper_density(loc):
    torch.manual_seed(0)
    fn = _Unwrapped(dist.VonMises(torch.tensor(loc, dtype=torch.double), 2.0))
    x = torch.linspace(-40.0, 40.0, 80_001, dtype=torch.double)
    below = torch.cumulative_trapezoid(fn.log_prob(x).exp(), x)
    assert below[-1] == pytest.approx(1.0, abs=1e-6)
    # draws are of this density: their distribution function is uniform
    n = 4000
    draws = fn.sample((n,)).sort().values
    reached = below[torch.searchsorted(x, draws) - 1]
    steps = torch.arange(n) / n
    assert (reached - steps).abs().max() < math.sqrt(2 / n)  # more has probability 2 exp(-4)


def test_whole_turns_do_not_count():
    model = poutine.reparam(lambda: pyro.sample("x", dist.VonMises(0.0, 1.0)), config={"x": CircularReparam()})
    unwrapped = torch.tensor(1.0 + 6 * math.pi, requires_grad=True)
    x = poutine.condition(model, data={"x_unwrapped": unwrapped})()
    assert x.item() == pytest.approx(1.0, abs=1e-5)
    assert torch.autograd.grad(x, unwrapped) == (1,)
    assert _wrap(torch.tensor([math.pi, -math.pi])).abs().max() <= math.pi


@pytest.mark.parametrize("fn", [dist.Uniform(-math.pi, math.pi),
                                dist.SineBivariateVonMises(0.0, 0.0, 1.0, 1.0, correlation=torch.tensor(0.1))])
def test_other_families_of_angles(fn):
    model = poutine.reparam(lambda: pyro.sample("x", fn), config={"x": CircularReparam()})
    trace = poutine.trace(model).get_trace()
    assert trace.stochastic_nodes == ["x_unwrapped"]
    assert trace.nodes["x"]["value"].shape == fn.shape() and trace.log_prob_sum().isfinite()


@pytest.mark.parametrize("fn", [dist.Normal(0.0, 1.0), dist.Uniform(0.0, 1.0)])
def test_other_supports_are_refused(fn):
    with pytest.raises(AssertionError, match="Site 'x': CircularReparam expects a distribution over angles"):
        poutine.reparam(lambda: pyro.sample("x", fn), config={"x": CircularReparam()})()


def test_data_are_refused():
    with pytest.raises(AssertionError, match="Site 'x': CircularReparam does not support observe statements"):
        poutine.reparam(lambda: pyro.sample("x", dist.VonMises(0.0, 1.0), obs=torch.tensor(1.0)),
                        config={"x": CircularReparam()})()
