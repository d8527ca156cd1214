"""Operators with a key: pure, of the right dtype, and never NaN where torch's have a number."""

import pytest
import scipy.stats
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from pyro.compiler import keyed
from pyro.compiler.keyed import Keyed, keyed_draws
from pyro.compiler.noise import is_random
from tests.compiler.loop.steps import step_graph

KEY = torch.tensor(99)
CALLS = {
    "standard_gamma": lambda dtype: (keyed.standard_gamma, (torch.full((5, 2), 0.5, dtype=dtype),)),
    "dirichlet": lambda dtype: (keyed.dirichlet, (torch.full((5, 2), 0.5, dtype=dtype),)),
    "poisson": lambda dtype: (keyed.poisson, (torch.full((5, 2), 3.0, dtype=dtype),)),
    "binomial": lambda dtype: (keyed.binomial, (torch.full((5, 1), 3, dtype=dtype), torch.rand(2, dtype=dtype))),
    "categorical": lambda dtype: (keyed.categorical, (torch.ones(5, 3, dtype=dtype), 2)),
    "von_mises": lambda dtype: (keyed.von_mises, (torch.zeros(2, dtype=dtype), torch.ones((), dtype=dtype), [5, 2])),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", CALLS)
def test_pure(name, dtype):
    operator, arguments = CALLS[name](dtype)
    before = torch.get_rng_state()
    value = operator(*arguments, KEY, 4)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(value, operator(*arguments, KEY, 4))
    assert value.shape == (5, 2)
    assert value.dtype == (torch.int64 if name == "categorical" else dtype)


@pytest.mark.parametrize("name", CALLS)
def test_shape_is_known_without_values(name):
    operator, arguments = CALLS[name](torch.float32)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fakes = [mode.from_tensor(a) if isinstance(a, torch.Tensor) else a for a in arguments]
        value = operator(*fakes, KEY, 0)
    expected = operator(*arguments, KEY, 0)
    assert (value.shape, value.dtype) == (expected.shape, expected.dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tiny_shapes_stay_inside_the_support(dtype):
    alpha = torch.full((20_000, 2), 1e-3, dtype=dtype)
    x = keyed.dirichlet(alpha, KEY, 0)
    assert (x > 0).all()
    assert (x < 1).all()
    assert abs((x[:, 0] > 0.5).double().mean().item() - 0.5) < 4.5 * 0.5 / 20_000**0.5
    assert (keyed.standard_gamma(alpha, KEY, 0) > 0).all()


@pytest.mark.parametrize("alpha", [1e-3, 0.1, 1.0, 15.0, 1e6])
def test_single_precision_has_the_distribution(alpha):
    x = keyed.standard_gamma(torch.full((20_000,), alpha), KEY, 1).double()
    tiny = torch.finfo(torch.float32).tiny
    inside = x[x > tiny].numpy()
    below = scipy.stats.gamma(alpha).cdf(tiny)
    assert abs((x <= tiny).double().mean().item() - below) < 4.5 * (below * (1 - below) / 20_000) ** 0.5 + 1e-12
    p = scipy.stats.kstest(inside, lambda v: (scipy.stats.gamma(alpha).cdf(v) - below) / (1 - below)).pvalue
    assert p > 1e-3


def test_draws_of_a_graph():
    def step(alpha, key):
        return keyed.standard_gamma(alpha, key, 0), keyed.poisson(alpha, key, 2)

    graph = step_graph(step, (), [torch.ones(3), KEY])
    assert keyed_draws(graph, KEY) == [Keyed(KEY, 0), Keyed(KEY, 2)]
    assert not any(is_random(node) for node in graph.module.graph.nodes)
