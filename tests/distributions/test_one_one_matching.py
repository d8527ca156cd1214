"""One-to-one matchings at their public address; the laws are those of all matchings."""

import torch

from pyro.distributions.one_one_matching import OneOneMatching, OneOneMatchingConstraint, maximum_weight_matching


def test_sizes_and_support() -> None:
    d = OneOneMatching(torch.zeros(3, 3))
    assert d.num_nodes == OneOneMatchingConstraint(3).num_nodes == 3
    assert OneOneMatchingConstraint(3).check(d.sample((5,))).all()
    assert not OneOneMatchingConstraint(3).check(torch.zeros(3))


def test_maximum_weight_matching_undoes_a_permutation() -> None:
    permutation = torch.randperm(20)
    assert torch.equal(maximum_weight_matching(torch.eye(20)[permutation]), permutation)
