"""Guides in parts."""

from typing import Any

import pytest
import torch
from torch import tensor

import pyro
import pyro.distributions as dist
from pyro import poutine
from pyro.infer.autoguide import AutoCallable, AutoDelta, AutoDiagonalNormal, AutoGuideList, AutoNormal
from tests.infer.autoguide.cases import conjugate, eight_schools, in_parts


def test_parts_have_their_sites_and_names() -> None:
    guide = in_parts(eight_schools)
    assert guide().keys() == {"mu", "tau", "theta"}
    assert guide.median().keys() == {"mu", "tau", "theta"}
    assert list(pyro.get_param_store())[0] == "AutoGuideList.0.tau"
    assert isinstance(guide[1], AutoNormal)
    assert len(guide) == 2
    assert guide[0].master() is guide


def test_quantiles_are_the_parts() -> None:
    guide = AutoGuideList(eight_schools)
    guide.append(AutoNormal(poutine.block(eight_schools, expose=["mu"])))
    guide.append(AutoDiagonalNormal(poutine.block(eight_schools, hide=["mu"])))
    guide()
    assert {name: tuple(value.shape) for name, value in guide.quantiles([0.1, 0.9]).items()} == {
        "mu": (2,), "tau": (2,), "theta": (2, 8)}


def test_parts_share_the_plates_rows() -> None:
    def model() -> None:
        with pyro.plate("data", 50, subsample_size=2):
            pyro.sample("x", dist.Normal(0.0, 1.0))
            pyro.sample("y", dist.Normal(0.0, 1.0))

    guide = AutoGuideList(model)
    guide.append(AutoNormal(poutine.block(model, expose=["x"])))
    guide.append(AutoDelta(poutine.block(model, expose=["y"])))
    run = poutine.trace(guide).get_trace()
    assert run.nodes["data"]["value"].shape == run.nodes["x"]["value"].shape == run.nodes["y"]["value"].shape == (2,)
    assert guide[0].locs.x.shape == guide[1].y.shape == (50,)


def test_functions_become_parts() -> None:
    guide = AutoGuideList(lambda: pyro.sample("x", dist.Normal(0.0, 1.0)))
    guide.add(lambda: {"x": pyro.sample("x", dist.Delta(tensor(2.0)))})
    assert isinstance(guide[0], AutoCallable)
    assert guide()["x"].item() == 2.0


def bad_site() -> Any:
    guide = AutoGuideList(conjugate)
    guide.append(AutoNormal(lambda: pyro.sample("other", dist.Normal(0.0, 1.0))))
    return guide


def site_twice() -> Any:
    guide = AutoGuideList(conjugate)
    guide.append(AutoNormal(conjugate))
    guide.append(AutoNormal(conjugate))
    return guide


@pytest.mark.parametrize(("make", "error", "message"), [
    (bad_site, AssertionError, "a site 'other' that the model has not"),
    (site_twice, ValueError, r"sites \['z'\] are in more than one part")])
def test_parts_must_fit_together(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()()


def test_a_part_belongs_to_one_list() -> None:
    part = AutoNormal(conjugate)
    AutoGuideList(conjugate).append(part)
    with pytest.raises(RuntimeError, match="part of another guide already"):
        AutoGuideList(conjugate).append(part)


def test_plates_are_made_for_the_whole() -> None:
    guide = AutoGuideList(conjugate, create_plates=lambda rows: pyro.plate("data", 4, subsample=torch.tensor([2, 0])))
    guide.append(AutoNormal(conjugate))
    assert poutine.trace(guide).get_trace(2).nodes["data"]["value"].tolist() == [2, 0]
    other = AutoGuideList(conjugate)
    other.append(AutoNormal(conjugate, create_plates=lambda rows: []))
    with pytest.raises(AssertionError, match="create_plates= to the whole"):
        other(2)
