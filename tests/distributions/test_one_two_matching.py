"""Matchings of two sources to a destination at their public address; the laws are those of all matchings."""

import torch

from pyro.distributions.one_two_matching import (
    OneTwoMatching,
    OneTwoMatchingConstraint,
    enumerate_one_two_matchings,
    maximum_weight_matching,
)


def test_sizes_and_support() -> None:
    d, constraint = OneTwoMatching(torch.zeros(6, 3)), OneTwoMatchingConstraint(3)
    assert d.num_sources == constraint.num_sources == 6
    assert d.num_destins == constraint.num_destins == 3
    assert constraint.check(d.sample((5,))).all()
    assert not constraint.check(torch.zeros(6))


def test_enumeration_begins_with_the_last_destination() -> None:
    assert enumerate_one_two_matchings(3)[:4].tolist() == [
        [2, 2, 1, 1, 0, 0], [2, 2, 1, 0, 1, 0], [2, 2, 0, 1, 1, 0], [2, 2, 1, 0, 0, 1]]


def test_maximum_weight_matching_undoes_a_permutation() -> None:
    destins = torch.arange(10).repeat(2)[torch.randperm(20)]
    assert torch.equal(maximum_weight_matching(torch.eye(10)[destins]), destins)
