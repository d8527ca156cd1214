import functools
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import pyro
import pyro.distributions as dist
from pyro import poutine


def model():
    with pyro.plate("rows", 3):
        pyro.sample("x", dist.Normal(0.0, 1.0), obs=torch.arange(3.0))


UNSCALED = dist.Normal(0.0, 1.0).log_prob(torch.arange(3.0))
POSITIVE = st.floats(0.125, 8.0, width=32)


@given(st.lists(POSITIVE | st.lists(POSITIVE, min_size=3, max_size=3).map(torch.tensor), max_size=4))
def test_nested_scales_multiply(scales):
    trace = poutine.trace(functools.reduce(lambda fn, s: poutine.scale(fn, scale=s), scales, model)).get_trace()
    trace.compute_log_prob()
    factor = functools.reduce(lambda x, y: x * y, scales, torch.ones(3))
    torch.testing.assert_close(trace.nodes["x"]["log_prob"], factor * UNSCALED)
    torch.testing.assert_close(trace.nodes["x"]["unscaled_log_prob"], UNSCALED)
    torch.testing.assert_close(trace.log_prob_sum(), (factor * UNSCALED).sum())


@pytest.mark.parametrize("scale", [2, 0.5, True, Fraction(1, 2), torch.tensor(2.0)])
def test_numbers_and_tensors_are_scales(scale):
    site = poutine.trace(poutine.scale(model, scale=scale)).get_trace().nodes["x"]
    assert float(site["scale"]) == float(scale)


def test_gradients_reach_the_scale():
    scale = torch.tensor(2.0, requires_grad=True)
    loss = poutine.trace(poutine.scale(model, scale=scale)).get_trace().log_prob_sum()
    torch.testing.assert_close(torch.autograd.grad(loss, scale)[0], UNSCALED.sum())


@pytest.mark.parametrize("scale", [0.0, -1, torch.tensor(0.0), torch.tensor([1.0, -1.0]), float("nan")])
def test_scales_are_positive(scale):
    with pytest.raises(ValueError, match=r"Expected scale > 0 but got .*poutine\.mask\(\)"):
        poutine.scale(scale=scale)


@pytest.mark.parametrize("scale", ["2", None, [1.0]])
def test_other_things_are_no_scales(scale):
    with pytest.raises(TypeError, match="expected a number or a tensor, got"):
        poutine.scale(scale=scale)


def test_tensors_are_not_read_without_validation():
    with pyro.validation_enabled(False):
        assert poutine.scale(scale=torch.tensor(-1.0)).scale == -1.0
        with pytest.raises(ValueError):
            poutine.scale(scale=-1.0)
