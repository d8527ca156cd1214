"""Dotted attributes, errors about supports, entropies."""

import math
from typing import Any

import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer.autoguide.utils import deep_getattr, deep_setattr, helpful_support_errors, mean_field_entropy
from pyro.nn.module import PyroModule


def test_dotted_attributes_make_the_modules_on_their_way() -> None:
    root = PyroModule("root")
    deep_setattr(root, "a.b.c", torch.nn.Parameter(torch.ones(2)))
    deep_setattr(root, "a.b.d", 3)
    assert isinstance(root.a.b, PyroModule)
    assert [name for name, _ in root.named_parameters()] == ["a.b.c"]
    assert deep_getattr(root, "a.b.d") == 3


@pytest.mark.parametrize(("fn", "message"), [
    (dist.Bernoulli(0.5), "discrete sample site 'z'.*enumeration"),
    (dist.ProjectedNormal(torch.ones(3)), "spherical sample site 'z'.*ProjectedNormalReparam"),
])
def test_errors_about_supports_name_site_and_remedy(fn: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message), helpful_support_errors({"name": "z", "fn": fn}):
        torch.distributions.biject_to(fn.support)


def test_other_errors_pass() -> None:
    with pytest.raises(NotImplementedError, match="mine"), helpful_support_errors(
            {"name": "z", "fn": dist.Normal(0.0, 1.0)}):
        raise NotImplementedError("mine")


@pytest.mark.parametrize(("names", "count"), [(None, 2), (["x"], 1), ([], 0)])
def test_entropies_are_added_over_the_sites(names: Any, count: int) -> None:
    def guide(scale: float) -> None:
        with pyro.plate("data", 3):
            pyro.sample("x", dist.Normal(0.0, scale))
            pyro.sample("y", dist.Normal(0.0, scale))

    entropy = count * (0.5 * math.log(2 * math.pi * math.e) + math.log(2.0))
    found = torch.as_tensor(mean_field_entropy(guide, (2.0,), whitelist=names)).expand(3)
    torch.testing.assert_close(found, torch.full((3,), entropy))
