"""Matchings: exact sums against enumeration, exact draws, the Bethe approximation, and best matchings."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from pyro.distributions.matching import Matching, MatchingConstraint, best_matching, enumerate_matchings
from pyro.distributions.one_one_matching import OneOneMatching
from pyro.distributions.one_two_matching import OneTwoMatching

SIZES = [(1, 1), (2, 1), (3, 1), (5, 1), (1, 2), (2, 2), (3, 2)]
LARGER = [(7, 1), (4, 2)]  # more than are summed one by one


def build(num_destins: int, capacity: int, *batch: int, bp_iters: int | None = None) -> Matching:
    generator = torch.Generator().manual_seed(num_destins)
    logits = torch.randn(*batch, num_destins * capacity, num_destins, generator=generator, dtype=torch.float64)
    return (OneOneMatching if capacity == 1 else OneTwoMatching)(2 * logits, bp_iters=bp_iters)


@pytest.mark.parametrize(("num_destins", "capacity"), [*SIZES, (0, 1), (0, 2)])
def test_all_matchings_are_listed_once(num_destins: int, capacity: int) -> None:
    matchings = enumerate_matchings(num_destins, capacity)
    size = num_destins * capacity
    assert len(matchings) == math.factorial(size) // math.factorial(capacity) ** num_destins
    assert len({tuple(matching) for matching in matchings.tolist()}) == len(matchings)
    assert MatchingConstraint(num_destins, capacity).check(matchings).all()


@pytest.mark.parametrize(("num_destins", "capacity"), [*SIZES, *LARGER])
def test_probabilities_add_up_to_one(num_destins: int, capacity: int) -> None:
    d = build(num_destins, capacity, 2, 3)
    total = d.log_prob(d.enumerate_support()).logsumexp(0)
    torch.testing.assert_close(total, torch.zeros(2, 3, dtype=torch.float64))


def test_larger_matchings_are_summed_too() -> None:
    logits = torch.zeros(10, 10, dtype=torch.float64)
    log_count = OneOneMatching(logits).log_partition_function
    torch.testing.assert_close(log_count, torch.tensor(11.0, dtype=torch.float64).lgamma())


@pytest.mark.parametrize(("num_destins", "capacity"), [(3, 1), (2, 2), (3, 2)])
def test_draws_are_exact(num_destins: int, capacity: int) -> None:
    d, draws = build(num_destins, capacity), 5_000
    support = d.enumerate_support()
    probs = d.log_prob(support).exp()
    frequencies = (d.sample((draws, 1)) == support).all(-1).double().mean(0)
    assert (abs(frequencies - probs) <= 5 * (probs * (1 - probs) / draws).sqrt()).all()


@pytest.mark.parametrize(("num_destins", "capacity"), LARGER)
def test_draws_of_larger_ones_go_to_each_destination_as_often_as_they_should(num_destins: int, capacity: int) -> None:
    d, draws = build(num_destins, capacity), 5_000
    support, destins = d.enumerate_support(), torch.arange(num_destins)
    probs = torch.einsum("m,msd->sd", d.log_prob(support).exp(), (support.unsqueeze(-1) == destins).double())
    frequencies = (d.sample((draws,)).unsqueeze(-1) == destins).double().mean(0)
    assert (abs(frequencies - probs) <= 5 * (probs * (1 - probs) / draws).sqrt()).all()


@pytest.mark.parametrize(("num_destins", "capacity"), SIZES)
def test_best_matching_has_the_largest_sum(num_destins: int, capacity: int) -> None:
    d = build(num_destins, capacity, 4)
    best = d.mode()
    torch.testing.assert_close(d.log_prob(best), d.log_prob(d.enumerate_support()).max(0).values)
    assert torch.equal(best, best_matching(d.logits, capacity))


def bethe_minimum(d: Matching) -> Tensor:
    """The Bethe free energy of permutations, minimized over doubly stochastic 2 x 2 matrices on a fine grid."""
    b = torch.linspace(0, 1, 100_001, dtype=torch.float64)
    beliefs = torch.stack([torch.stack([b, 1 - b], -1), torch.stack([1 - b, b], -1)], -2)
    terms = beliefs * d.logits - torch.special.xlogy(beliefs, beliefs) + torch.special.xlogy(1 - beliefs, 1 - beliefs)
    return terms.sum((-2, -1)).max()


def test_belief_propagation_finds_the_minimum_of_the_bethe_free_energy() -> None:
    d = build(2, 1, bp_iters=50)
    torch.testing.assert_close(d.log_partition_function, bethe_minimum(d), rtol=0, atol=1e-4)


@pytest.mark.parametrize(("num_destins", "capacity"), [(4, 1), (6, 1), (3, 2)])
def test_belief_propagation_is_a_lower_bound_that_is_not_far(num_destins: int, capacity: int) -> None:
    exact = build(num_destins, capacity, 20).log_partition_function
    approximate = build(num_destins, capacity, 20, bp_iters=100).log_partition_function
    assert (approximate <= exact + 1e-9).all()
    assert (approximate >= exact - num_destins * capacity * math.log(2) / 2).all()


@pytest.mark.parametrize("capacity", [1, 2])
def test_belief_propagation_is_exact_where_there_is_one_matching(capacity: int) -> None:
    d = build(1, capacity, bp_iters=3)
    torch.testing.assert_close(d.log_partition_function, d.logits.sum())


@pytest.mark.parametrize("bp_iters", [None, 10])
@pytest.mark.parametrize("capacity", [1, 2])
def test_gradients_are_marginal_probabilities_or_beliefs(capacity: int, bp_iters: int | None) -> None:
    logits = build(3, capacity).logits.requires_grad_()
    d = (OneOneMatching if capacity == 1 else OneTwoMatching)(logits, bp_iters=bp_iters)
    (marginals,) = torch.autograd.grad(d.log_partition_function, logits)
    tolerance = 1e-2 if bp_iters else 1e-9
    torch.testing.assert_close(marginals.sum(-1), torch.ones_like(marginals[:, 0]), rtol=0, atol=tolerance)


@pytest.mark.parametrize("value", [[0, 0, 1], [0, 1, 3], [0, 1], [-1, 1, 2]])
def test_constraint_refuses_what_is_no_matching(value: list[int]) -> None:
    assert not MatchingConstraint(3, 1).check(torch.tensor(value))


@pytest.mark.parametrize(("shape", "bp_iters"), [((3, 2), None), ((3,), None), ((2, 2), 0)])
def test_what_does_not_fit_is_refused(shape: tuple[int, ...], bp_iters: int | None) -> None:
    with pytest.raises(ValueError, match="OneOneMatching: expected"):
        OneOneMatching(torch.zeros(shape), bp_iters=bp_iters)


def test_pairs_that_cannot_be_are_never_drawn() -> None:
    logits = torch.zeros(3, 3)
    logits[0, 1:] = -torch.inf
    d = OneOneMatching(logits)
    assert (d.sample((20,))[:, 0] == 0).all()
    torch.testing.assert_close(d.log_partition_function.exp(), torch.tensor(2.0))


def test_permutations_are_in_rising_order() -> None:
    assert enumerate_matchings(3, 1).tolist() == [list(p) for p in itertools.permutations(range(3))]
