import pytest
import torch

import pyro.distributions as dist
from pyro.distributions.testing import fakes

ARGS = {"Beta": (2.0, 3.0), "Dirichlet": ([1.0, 2.0],), "Gamma": (2.0, 3.0), "Normal": (0.0, 1.0)}


def build(module, name, **kwargs):
    args = [torch.tensor(arg, requires_grad=True) for arg in ARGS[name.removeprefix("Nonreparameterized")]]
    return getattr(module, name)(*args, **kwargs)


@pytest.mark.parametrize("name", fakes.__all__)
def test_a_fake_differs_by_its_draws_alone(name):
    fake, original = build(fakes, name), build(dist, name.removeprefix("Nonreparameterized"))
    assert not fake.has_rsample and original.has_rsample
    assert isinstance(fake, type(original))
    torch.manual_seed(0)
    value = fake()
    torch.manual_seed(0)
    assert torch.equal(value, original())
    assert not value.requires_grad
    assert torch.equal(fake.log_prob(value), original.log_prob(value))


@pytest.mark.parametrize("name", fakes.__all__)
def test_a_fake_is_scored_by_its_score_function(name):
    fake = build(fakes, name).expand((3,))
    assert type(fake) is getattr(fakes, name)
    parts = fake.score_parts(fake())
    assert torch.equal(parts.score_function, parts.log_prob)
    assert parts.entropy_term == 0
