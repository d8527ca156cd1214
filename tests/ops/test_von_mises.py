"""The operator draws what the distribution draws."""

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from pyro.distributions.von_mises import VonMises
from pyro.ops.von_mises import von_mises


@pytest.mark.parametrize("sample_shape", [(), (3,), (2, 3)])
def test_same_numbers_as_torch(sample_shape):
    loc, concentration = torch.tensor([[0.5], [1.0]]), torch.tensor([0.1, 1.0, 50.0])
    torch.manual_seed(0)
    expected = torch.distributions.VonMises(loc, concentration).sample(torch.Size(sample_shape))
    for draw in (lambda size: von_mises(loc, concentration, size),
                 lambda size: VonMises(loc, concentration).sample(torch.Size(sample_shape))):  # fmt: skip
        torch.manual_seed(0)
        assert torch.equal(draw([*sample_shape, 2, 3]), expected)


def test_no_gradient():
    loc = torch.zeros(2, requires_grad=True)
    assert not VonMises(loc, torch.ones(2)).sample().requires_grad


def test_shape_is_known_without_values():
    with FakeTensorMode() as mode:
        loc = mode.from_tensor(torch.zeros(2, dtype=torch.float64))
        assert von_mises(loc, loc, [4, 2]).shape == (4, 2)
        assert von_mises(loc, loc, [4, 2]).dtype == torch.float64


def test_it_counts_as_random():
    assert torch.Tag.nondeterministic_seeded in von_mises.tags
