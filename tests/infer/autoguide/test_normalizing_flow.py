"""Guides from learnt transforms."""

from functools import partial

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.distributions.transforms import affine_autoregressive, iterated
from pyro.infer.autoguide import AutoNormalizingFlow
from tests.infer.autoguide.cases import eight_schools


def test_parameters_are_the_transforms() -> None:
    guide = AutoNormalizingFlow(eight_schools, partial(iterated, 2, affine_autoregressive))
    run = poutine.trace(guide).get_trace()
    assert set(run.param_nodes) == {f"AutoNormalizingFlow.transform$$${name}"
                                    for name, _ in guide.transform.named_parameters()}
    assert list(pyro.get_param_store()) == run.param_nodes


def test_density_of_a_draw_is_that_of_the_base_over_the_determinant() -> None:
    guide = AutoNormalizingFlow(eight_schools, affine_autoregressive)
    site = poutine.trace(guide).get_trace().nodes["_AutoNormalizingFlow_latent"]
    x = guide.transform.inv(site["value"])
    expected = guide.get_base_dist().log_prob(x) - guide.transform.log_abs_det_jacobian(x, site["value"])
    torch.testing.assert_close(site["fn"].log_prob(site["value"]), expected, rtol=1e-4, atol=1e-4)


def test_a_transform_without_parameters_will_do() -> None:
    guide = AutoNormalizingFlow(eight_schools, lambda dim: torch.distributions.AffineTransform(0.0, 2.0, event_dim=1))
    assert guide()["theta"].shape == (8,)
    assert list(guide.parameters()) == []


def test_dtype_is_the_models() -> None:
    def model() -> None:
        pyro.sample("x", dist.Normal(torch.zeros(3, dtype=torch.float64), 1.0).to_event(1))

    guide = AutoNormalizingFlow(model, affine_autoregressive)
    assert guide()["x"].dtype == torch.float64


def test_files_of_upstream_with_the_first_weight_twice_are_read() -> None:
    guide = AutoNormalizingFlow(eight_schools, affine_autoregressive)
    guide()
    state = guide.state_dict()
    guide.load_state_dict({**state, "_prototype_tensor": torch.zeros(3)})


def test_medians_are_not_known() -> None:
    guide = AutoNormalizingFlow(eight_schools, affine_autoregressive)
    with pytest.raises(NotImplementedError, match="no known median and quantiles"):
        guide.median()
