import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro import settings
from pyro.compiler.graph import InputRole
from pyro.compiler.passes.draws import is_random
from tests.compiler.passes.stages import after, results_around
from tests.compiler.problem import Problem, guide


def drawing(draw):
    def model():
        z = pyro.sample("z", dist.Normal(0.0, 1.0))
        pyro.factor("f", (draw().float() * torch.arange(1.0, 4.0)).sum() * z)

    return Problem(model, guide)


ONES = torch.ones(3)
DRAWS = {
    "randn": lambda: torch.randn(3), "rand": lambda: torch.rand(3), "randn_like": lambda: torch.randn_like(ONES),
    "rand_like": lambda: torch.rand_like(ONES), "normal_": lambda: torch.empty(3).normal_(1.0, 2.0),
    "normal of tensors": lambda: torch.normal(ONES, 2 * ONES), "normal of a tensor": lambda: torch.normal(ONES, 3.0),
    "uniform_": lambda: torch.empty(3).uniform_(-2.0, 1.0), "bernoulli_": lambda: torch.empty(3).bernoulli_(0.3),
    "bernoulli": lambda: torch.bernoulli(ONES, 0.3), "randint": lambda: torch.randint(2, 9, (3,)),
    "randperm": lambda: torch.randperm(3), "Uniform": lambda: dist.Uniform(-ONES, ONES).rsample(),
    "Normal": lambda: dist.Normal(ONES, 2 * ONES).rsample(),
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_draw_is_an_input_with_the_numbers_that_it_drew(name):
    before, now, draft = results_around(drawing(DRAWS[name]), 1, 3)
    assert not any(is_random(node) for node in draft.graph.nodes)
    assert sum(slot.role is InputRole.ROW for slot in draft.slots) == 2
    for got, expected in zip(now, before, strict=True):
        torch.testing.assert_close(got, expected)


@pytest.mark.parametrize("draw", [
    lambda: dist.Gamma(ONES, 1.0).sample(), lambda: torch.poisson(ONES),
    lambda: torch.multinomial(ONES, 3, replacement=True)])
def test_draws_that_take_tensors_stay(draw):
    draft = after(drawing(draw), 3)
    assert sum(is_random(node) for node in draft.graph.nodes) == 1
    assert sum(slot.role is InputRole.ROW for slot in draft.slots) == 1


def test_draws_are_numbered_in_the_order_of_the_eager_step():
    draft = after("eight_schools", 3)
    rows = [(slot.name, slot.draw.shape) for slot in draft.slots if slot.role is InputRole.ROW]
    assert rows == [("draw 0", ()), ("draw 1", ()), ("draw 2", (8,))]


def test_with_eager_numbers_what_is_drawn_behind_a_draw_that_stays_stays_too():
    draw = lambda: dist.Gamma(ONES, 1.0).sample() * torch.rand(3)
    assert sum(slot.role is InputRole.ROW for slot in after(drawing(draw), 3).slots) == 2
    with settings.context(eager_random_numbers=True):
        before, now, draft = results_around(drawing(draw), 1, 3)
    assert sum(slot.role is InputRole.ROW for slot in draft.slots) == 1
    for got, expected in zip(now, before, strict=True):
        torch.testing.assert_close(got, expected)


def test_rows_are_contiguous_whatever_they_are_drawn_like():
    draft = after(drawing(lambda: torch.rand_like(torch.ones(3, 2).T).sum(0)), 3)
    assert [node.meta["val"].stride() for node in draft.placeholders() if node.meta["val"].shape == (2, 3)] == [(3, 1)]
