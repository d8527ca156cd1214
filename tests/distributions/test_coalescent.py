"""Coalescents: rates that agree with each other and with numerical integrals, draws, and trees that are read."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from pyro.distributions.coalescent import (
    CoalescentRateLikelihood,
    CoalescentTimes,
    CoalescentTimesConstraint,
    CoalescentTimesWithRate,
    bio_phylo_to_times,
)

LEAVES = torch.tensor([2.4, 5.5, 3.1, 2.25], dtype=torch.float64)
COALS = torch.tensor([-0.5, 1.5, 2.1], dtype=torch.float64)
RATES = torch.tensor([0.5, 2.0, 1.0, 3.0], dtype=torch.float64)


def dense_log_density(leaves: Tensor, coals: Tensor, rates: Tensor) -> Tensor:
    """By a sum over small steps of time."""
    step = 1e-4
    time = torch.arange(-1.0, 6.0, step, dtype=torch.float64) + step / 2

    def lineages(at: Tensor) -> Tensor:
        later_coals = (coals > at.unsqueeze(-1)).sum(-1)
        return (leaves > at.unsqueeze(-1)).sum(-1) - later_coals

    def rate(at: Tensor) -> Tensor:
        return rates[at.floor().long().clamp(0, len(rates) - 1)]

    k, joined = lineages(time), lineages(coals)
    hazard = (k * (k - 1) / 2 * rate(time)).sum() * step
    return (joined * (joined - 1) / 2 * rate(coals)).log().sum() - hazard


def test_density_equals_a_numerical_integral() -> None:
    expected = dense_log_density(LEAVES, COALS, RATES)
    torch.testing.assert_close(CoalescentTimesWithRate(LEAVES, RATES).log_prob(COALS), expected, rtol=0, atol=1e-3)


def test_constant_rates_agree() -> None:
    for rate in (0.1, 7.0):
        constant = CoalescentTimes(LEAVES, rate).log_prob(COALS)
        grid = CoalescentTimesWithRate(LEAVES, torch.full((4,), rate, dtype=torch.float64)).log_prob(COALS)
        torch.testing.assert_close(constant, grid)


def test_likelihood_by_cell_adds_up_to_the_density() -> None:
    rates = RATES * torch.tensor([[1.0], [2.0], [0.3]], dtype=torch.float64)
    likelihood = CoalescentRateLikelihood(LEAVES, COALS, 4)
    whole = likelihood(rates)
    torch.testing.assert_close(whole.sum(-1), CoalescentTimesWithRate(LEAVES, rates).log_prob(COALS))
    torch.testing.assert_close(likelihood(rates[:, 1:3], slice(1, 3)), whole[:, 1:3])
    torch.testing.assert_close(likelihood(rates[:, 2], 2), whole[:, 2])


def test_likelihood_broadcasts_over_times() -> None:
    coals = torch.stack([COALS, COALS - 0.3])
    batched = CoalescentRateLikelihood(LEAVES, coals, 4)(RATES)
    torch.testing.assert_close(batched[1], CoalescentRateLikelihood(LEAVES, coals[1], 4)(RATES))


@pytest.mark.parametrize("argument", ["leaves", "coals", "rates"])
def test_gradients_equal_differences(argument: str) -> None:
    inputs = {"leaves": LEAVES, "coals": COALS, "rates": RATES}

    def log_prob(changed: Tensor) -> Tensor:
        given = inputs | {argument: changed}
        return CoalescentTimesWithRate(given["leaves"], given["rates"]).log_prob(given["coals"])

    torch.autograd.gradcheck(log_prob, [inputs[argument].clone().requires_grad_()], eps=1e-6, atol=1e-6)


def test_draws_follow_the_density() -> None:
    """The integrals of the hazard between coalescences are exponential; so is the time to the first one of two."""
    rate, draws = torch.tensor(2.5, dtype=torch.float64), 4_000
    d = CoalescentTimes(torch.zeros(3, dtype=torch.float64), rate)
    times = d.sample((draws,))
    waits = torch.stack([-times[:, 1] * 3 * rate, (times[:, 1] - times[:, 0]) * rate])
    assert (abs(waits.mean(-1) - 1) <= 5 / draws**0.5).all()
    assert (abs(waits.var(-1) - 1) <= 5 * (8 / draws) ** 0.5).all()


def test_draws_wait_for_leaves() -> None:
    d = CoalescentTimes(torch.tensor([0.0, 10.0, 10.5]), 1e6)
    torch.testing.assert_close(d.sample((50,)), torch.tensor([0.0, 10.0]).expand(50, 2), rtol=0, atol=1e-3)


def test_digits_are_kept_far_from_zero() -> None:
    near = CoalescentTimes(torch.tensor([0.0, 0.25, 0.5]), 1e-3).log_prob(torch.tensor([-2.0, -1.0]))
    far = CoalescentTimes(torch.tensor([0.0, 0.25, 0.5]) + 4096, 1e-3).log_prob(torch.tensor([-2.0, -1.0]) + 4096)
    torch.testing.assert_close(near, far, rtol=1e-6, atol=0)


@pytest.mark.parametrize(("times", "ordered", "expected"), [
    ([-1.0, -0.5], True, True),
    ([-0.5, -1.0], True, False),
    ([-0.5, -1.0], False, True),
    ([-1.0, 0.5], True, False),
    ([-1.0, 0.0], True, True),
    ([-1.0, float("nan")], True, False),
])
def test_constraint(times: list[float], ordered: bool, expected: bool) -> None:
    constraint = CoalescentTimesConstraint(torch.tensor([0.0, 0.0, 1.0]), ordered=ordered)
    assert constraint.check(torch.tensor([times, times])).tolist() == [expected] * 2


def test_impossible_times_have_probability_zero() -> None:
    d = CoalescentTimes(torch.tensor([0.0, 0.0, 1.0]), validate_args=False)
    assert d.log_prob(torch.tensor([-1.0, 0.5])).item() == -torch.inf


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="one coalescence less than leaves"):
        CoalescentRateLikelihood(LEAVES, LEAVES, 4)
    with pytest.raises(ValueError, match="lineages to join"):
        CoalescentRateLikelihood(LEAVES, COALS + 9, 4, validate_args=True)
    with pytest.raises(NotImplementedError, match="CoalescentTimes"):
        CoalescentTimesWithRate(LEAVES, RATES).sample()


def test_times_that_are_not_numbers_are_refused() -> None:
    for d in (CoalescentTimesWithRate(LEAVES, RATES), CoalescentTimes(LEAVES[:2])):
        with pytest.raises(ValueError, match="within the support"):
            d.log_prob(torch.full(d.event_shape, torch.nan))


def test_batches_of_rates() -> None:
    d = CoalescentTimesWithRate(LEAVES, RATES.expand(5, 4)).expand([2, 5])
    assert (d.duration, d.batch_shape, d.event_shape) == (4, (2, 5), (3,))
    assert d.log_prob(COALS).shape == (2, 5)
    assert CoalescentTimesWithRate.infer_shapes((4,), (5, 4)) == ((5,), (3,))


class Clade:
    """What is used of a clade of Bio.Phylo."""

    def __init__(self, *children: "Clade", length: float | None = None) -> None:
        self.children = children
        self.branch_length = length

    def __len__(self) -> int:
        return len(self.children)

    def __iter__(self) -> Iterator["Clade"]:
        return iter(self.children)

    def find_clades(self) -> Iterator["Clade"]:
        yield self
        for child in self.children:
            yield from child.find_clades()


@pytest.mark.parametrize(("tree", "get_time", "leaves", "coalescences"), [
    (Clade(Clade(Clade(length=1.0), Clade(length=2.0), length=2.0), Clade(length=5.0), length=0.0), None,
     [3.0, 4.0, 5.0], [0.0, 2.0]),
    (Clade(Clade(length=1.0), Clade(length=2.0), Clade(), length=0.0), None, [1.0, 2.0, 1.0], [0.0, 0.0]),
    (Clade(Clade(length=4.0), Clade(length=5.0), length=3.0), lambda clade: clade.branch_length, [4.0, 5.0], [3.0]),
])
def test_times_of_a_phylogeny(tree: Any, get_time: Any, leaves: list[float], coalescences: list[float]) -> None:
    found = bio_phylo_to_times(tree, get_time=get_time)
    assert [times.tolist() for times in found] == [leaves, coalescences]
