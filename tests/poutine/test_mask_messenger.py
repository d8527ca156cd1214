import functools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import pyro
import pyro.distributions as dist
from pyro import poutine

NAN = float("nan")
MASKS = st.booleans() | st.lists(st.booleans(), min_size=3, max_size=3).map(torch.tensor)


def model(loc=0.0, data=None):
    with pyro.plate("rows", 3):
        pyro.sample("x", dist.Normal(loc, 1.0), obs=torch.arange(3.0) if data is None else data)


@given(st.lists(MASKS, max_size=4), st.lists(st.floats(0.1, 10.0), max_size=3))
def test_nested_masks_are_joined_by_and_and_scales_multiply(masks, scales):
    program = functools.reduce(lambda fn, mask: poutine.mask(fn, mask=mask), masks, model)
    program = functools.reduce(lambda fn, scale: poutine.scale(fn, scale=scale), scales, program)
    trace = poutine.trace(program).get_trace()
    trace.compute_log_prob()
    scale = functools.reduce(lambda x, y: x * y, scales, 1.0)
    visible = functools.reduce(lambda x, y: x & y, masks, torch.ones(3, dtype=torch.bool))
    expected = scale * torch.where(visible, dist.Normal(0.0, 1.0).log_prob(torch.arange(3.0)), 0.0)
    torch.testing.assert_close(trace.nodes["x"]["log_prob"], expected)
    torch.testing.assert_close(trace.log_prob_sum(), expected.sum())


@pytest.mark.parametrize("density", ["log_prob_sum", "compute_log_prob", "compute_score_parts"])
@pytest.mark.parametrize(("mask", "data"), [
    (torch.tensor([True, False, True]), [0.0, NAN, 2.0]),
    (torch.tensor([True, False, True]), [0.0, float("inf"), 2.0]),
    (False, [NAN, NAN, NAN]),
])
def test_lesson_03_masked_nan_observations_leave_loss_and_gradients_finite(mask, data, density):
    loc = torch.tensor(0.5, requires_grad=True)
    trace = poutine.trace(poutine.mask(functools.partial(model, loc, torch.tensor(data)), mask=mask)).get_trace()
    getattr(trace, density)()
    loss = -trace.log_prob_sum()
    clean = torch.where(torch.as_tensor(mask), torch.tensor(data), 0.0)
    expected = -(dist.Normal(loc, 1.0).log_prob(clean) * torch.as_tensor(mask)).sum()
    torch.testing.assert_close(loss, expected)
    if mask is False:
        assert not loss.requires_grad or torch.autograd.grad(loss, loc) == (0.0,)
    else:
        torch.testing.assert_close(torch.autograd.grad(loss, loc), torch.autograd.grad(expected, loc))


def test_lesson_03_masked_values_of_maps_that_torch_knows_no_image_of():
    """The last map's codomain is the real line, but no negative number is an image."""
    loc = torch.zeros(2, requires_grad=True)
    maps = torch.distributions.biject_to(dist.LogNormal(0.0, 1.0).support)
    with poutine.mask(mask=torch.tensor([True, False])):
        trace = poutine.trace(lambda: pyro.sample(
            "x", dist.TransformedDistribution(dist.Normal(loc, 1.0), maps), obs=torch.tensor([1.0, NAN]))).get_trace()
    loss = -trace.log_prob_sum()
    torch.testing.assert_close(loss, -dist.Normal(0.0, 1.0).log_prob(torch.tensor(0.0)))
    assert torch.autograd.grad(loss, loc)[0].tolist() == [0.0, 0.0]


def test_lesson_03_nan_observations_where_obs_mask_is_false():
    loc = torch.tensor(0.5, requires_grad=True)
    data, present = torch.tensor([0.0, NAN, 2.0]), torch.tensor([True, False, True])

    def partly():
        with pyro.plate("rows", 3):
            return pyro.sample("x", dist.Normal(loc, 1.0), obs=data, obs_mask=present)

    latent = {"x_unobserved": torch.tensor([5.0, 1.5, 5.0])}
    trace = poutine.trace(poutine.condition(partly, data=latent)).get_trace()
    assert trace.nodes["_RETURN"]["value"].tolist() == [0.0, 1.5, 2.0]
    loss = -trace.log_prob_sum()
    expected = -dist.Normal(loc, 1.0).log_prob(torch.tensor([0.0, 1.5, 2.0])).sum()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss, loc), torch.autograd.grad(expected, loc))


@pytest.mark.parametrize(("mask", "message"), [
    (torch.tensor([1.0, 0.0]), r"boolean tensor, got dtype torch.float32.*\.bool\(\)"),
    (2, "boolean or a boolean tensor, got 2"),
    ("yes", "got 'yes'"),
    (None, "got None"),
])
def test_masks_are_boolean(mask, message):
    with pytest.raises(ValueError, match=message):
        poutine.mask(mask=mask)


@pytest.mark.parametrize(("outer", "inner", "expected"), [
    (True, True, True), (True, False, False), (False, True, False), (False, False, False)])
def test_get_mask_is_what_statements_see(outer, inner, expected):
    assert poutine.get_mask() is None
    with poutine.mask(mask=outer):
        assert poutine.get_mask() is outer
        with poutine.mask(mask=inner):
            assert poutine.get_mask() is expected
        with poutine.block():
            assert poutine.get_mask() is None
        with poutine.block(hide=["x"]):
            assert poutine.get_mask() is outer
