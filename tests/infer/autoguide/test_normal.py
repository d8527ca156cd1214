"""The mean-field guide, site by site."""

from typing import Any

import pytest
import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer import SVI, TraceMeanField_ELBO
from pyro.infer.autoguide import AutoNormal
from tests.infer.autoguide.cases import conjugate, eight_schools


def test_parameters_are_named_and_start_as_asked() -> None:
    guide = AutoNormal(eight_schools, init_scale=0.3)
    guide()
    assert [name for name in pyro.get_param_store() if name.startswith("AutoNormal.locs")] == [
        "AutoNormal.locs.mu", "AutoNormal.locs.tau", "AutoNormal.locs.theta"]
    torch.testing.assert_close(guide.scales.theta, torch.full((8,), 0.3))
    assert guide.locs.mu.item() == 0.0


def test_auxiliary_sites_hold_the_unconstrained_values() -> None:
    run = poutine.trace(AutoNormal(conjugate)).get_trace()
    auxiliary = run.nodes["z_unconstrained"]
    assert auxiliary["infer"]["is_auxiliary"]
    torch.testing.assert_close(auxiliary["value"].exp(), run.nodes["z"]["value"])


def test_quantiles_and_median_agree_with_draws() -> None:
    guide = AutoNormal(conjugate, init_scale=0.5)
    guide()
    quantiles = guide.quantiles([0.1, 0.5, 0.9])["z"]
    assert quantiles.shape == (3, 4)
    torch.testing.assert_close(quantiles[1], guide.median()["z"])
    draws = torch.stack([guide()["z"] for _ in range(1000)]).detach()
    below = (draws < quantiles[2]).double().mean(0)
    assert bool(((below - 0.9).abs() < 4 * (0.09 / 1000) ** 0.5).all())


def test_median_and_quantiles_need_no_call_before() -> None:
    assert AutoNormal(eight_schools).median()["mu"].item() == 0.0
    assert AutoNormal(eight_schools).quantiles(0.5)["theta"].shape == (1, 8)


def test_mean_field_estimator_runs_compiled() -> None:
    svi = SVI(eight_schools, AutoNormal(eight_schools), pyro.optim.Adam({"lr": 0.01}), TraceMeanField_ELBO())
    result = svi.run(5, progress_bar=False)
    assert result.parts[-1].how != "eager", result.reasons


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_scales_must_be_positive(scale: float) -> None:
    with pytest.raises(ValueError, match="init_scale"):
        AutoNormal(conjugate, init_scale=scale)


def test_partly_observed_sites_have_their_latent_part_guided() -> None:
    def model() -> Any:
        with pyro.plate("data", 3):
            return pyro.sample("x", dist.Normal(0.0, 1.0), obs=tensor([1.0, 2.0, 0.0]),
                               obs_mask=tensor([True, True, False]))

    assert AutoNormal(model)().keys() == {"x_unobserved"}
