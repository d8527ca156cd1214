"""One vector for all sites: how it is laid out, sampled, cut up and constrained."""

from typing import Any

import pytest
import torch
from torch import Tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.autoguide import AutoContinuous, AutoDiagonalNormal, init_to_value
from tests.infer.autoguide.cases import conjugate, eight_schools


def simplices() -> None:
    pyro.sample("scale", dist.LogNormal(0.0, 1.0))
    with pyro.plate("rows", 3):
        pyro.sample("w", dist.Dirichlet(torch.ones(4)))


def test_the_vector_holds_the_sites_in_order() -> None:
    guide = AutoDiagonalNormal(simplices, init_loc_fn=init_to_value(values={
        "scale": torch.tensor(2.0), "w": torch.full((3, 4), 0.25)}))
    guide()
    assert guide.latent_dim == 1 + 3 * 3
    torch.testing.assert_close(guide.loc[0], torch.tensor(2.0).log())
    assert [(site["name"], tuple(value.shape)) for site, value in guide._unpack_latent(torch.zeros(10))] == [
        ("scale", ()), ("w", (3, 3))]
    torch.testing.assert_close(guide.median()["w"], torch.full((3, 4), 0.25))


@pytest.mark.parametrize(("batch", "scale", "w"), [
    ((), (), (3, 3)), ((5,), (5,), (5, 3, 3)), ((5, 1), (5, 1), (5, 3, 3)), ((2, 5, 1), (2, 5, 1), (2, 5, 3, 3))])
def test_plates_around_stand_left_of_the_sites_own(batch: Any, scale: Any, w: Any) -> None:
    guide = AutoDiagonalNormal(simplices)
    guide()
    shapes = {site["name"]: tuple(value.shape) for site, value in guide._unpack_latent(torch.zeros(*batch, 10))}
    assert shapes == {"scale": scale, "w": w}


def test_the_latent_site_is_auxiliary_and_named_after_the_guide() -> None:
    guide = AutoDiagonalNormal(eight_schools)
    run = poutine.trace(guide).get_trace()
    assert run.nodes["_AutoDiagonalNormal_latent"]["infer"]["is_auxiliary"]
    assert guide.sample_latent().shape == (10,)


def test_quantiles_have_all_rows_and_probabilities_on_the_left() -> None:
    guide = AutoDiagonalNormal(conjugate)
    guide(2)
    found = guide.quantiles([0.25, 0.5, 0.75], 2)["z"]
    assert found.shape == (3, 4)
    torch.testing.assert_close(found[1], guide.median(2)["z"])
    assert bool((found[0] < found[2]).all())


def test_a_model_without_latent_sites_is_refused() -> None:
    with pytest.raises(RuntimeError, match="found no latent variables"):
        AutoDiagonalNormal(lambda: pyro.sample("x", dist.Normal(0.0, 1.0), obs=torch.tensor(0.0)))()


def test_a_guide_is_made_of_a_base_and_a_transform() -> None:
    class Shifted(AutoContinuous):
        def get_base_dist(self) -> Any:
            return dist.Normal(torch.zeros(self.latent_dim), 1.0).to_event(1)

        def get_transform(self, *args: Any, **kwargs: Any) -> Any:
            return torch.distributions.AffineTransform(3.0, 1e-6, event_dim=1)

    values: dict[str, Tensor] = Shifted(eight_schools)()
    torch.testing.assert_close(values["theta"], torch.full((8,), 3.0), rtol=1e-4, atol=0)


@pytest.mark.parametrize("method", ["get_base_dist", "get_transform", "median"])
def test_what_a_subclass_must_define_is_said(method: str) -> None:
    with pytest.raises(NotImplementedError, match="AutoContinuous"):
        getattr(AutoContinuous(eight_schools), method)()
