"""Laws of the permutation; see test_laws.py for those that it shares."""

import pytest
import torch

from pyro.distributions.transforms.permute import Permute, permute


def test_elements_are_taken_in_order() -> None:
    order = torch.tensor([2, 0, 1])
    x = torch.tensor([10.0, 11.0, 12.0])
    assert torch.equal(Permute(order)(x), x[order])
    assert torch.equal(Permute(order).inv_permutation, torch.tensor([1, 2, 0]))
    assert Permute(order) != Permute(order.flip(0)) and Permute(order) != Permute(order, dim=-2)


def test_constructor_draws_an_order() -> None:
    assert sorted(permute(5).permutation.tolist()) == list(range(5))
    assert permute(5, dim=-2).dim == -2
    with pytest.raises(ValueError, match="negative 'dim'"):
        permute(5, dim=1)
