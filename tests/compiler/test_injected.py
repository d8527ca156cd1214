"""An eager step on injected numbers is the compiled step on the same numbers."""

import pytest
import torch

from pyro import settings
from pyro.compiler.compiled import compile_step
from pyro.compiler.injected import InjectDraws
from tests.compiler.models import MODELS
from tests.compiler.trajectories import apart, warmed_up

ROW = torch.tensor([0.5, 0.25, 1.0])


@pytest.mark.parametrize(("draw", "row", "expected"), [
    (lambda: torch.randn(3), ROW, ROW),
    (lambda: torch.rand(3), ROW, ROW),
    (lambda: torch.randn_like(ROW), ROW, ROW),
    (lambda: torch.rand_like(ROW), ROW, ROW),
    (lambda: torch.empty(3).normal_(1.0, 2.0), ROW, 1 + 2 * ROW),
    (lambda: torch.normal(ROW, 2 * ROW), ROW, ROW + 2 * ROW * ROW),
    (lambda: torch.normal(ROW, 2.0), ROW, ROW + 2 * ROW),
    (lambda: torch.empty(3).uniform_(-1.0, 1.0), ROW, 2 * ROW - 1),
    (lambda: torch.empty(3).bernoulli_(0.3), torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1.0, 0.0, 1.0])),
    (lambda: torch.bernoulli(ROW, 0.3), torch.tensor([1.0, 0.0, 1.0]), torch.tensor([1.0, 0.0, 1.0])),
    (lambda: torch.randperm(3), torch.tensor([2, 0, 1]), torch.tensor([2, 0, 1])),
])
def test_each_random_operation_takes_its_row(draw, row, expected):
    with InjectDraws([row]):
        torch.testing.assert_close(draw(), expected)


def test_rows_are_taken_in_order_and_never_changed():
    rows = [torch.zeros(2), torch.ones(2)]
    with InjectDraws(rows):
        torch.randn(2).add_(5.0)
        assert torch.equal(torch.rand(2), torch.ones(2))
        torch.manual_seed(0)
        drawn = torch.randn(2)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.randn(2)), "draws of its own when the rows are used up"
    assert torch.equal(rows[0], torch.zeros(2))


def test_draws_whose_arguments_are_tensors_draw_for_themselves():
    torch.manual_seed(0)
    expected = torch._standard_gamma(torch.ones(2))
    torch.manual_seed(0)
    with InjectDraws([torch.ones(2)]):
        assert torch.equal(torch._standard_gamma(torch.ones(2)), expected)
        assert torch.equal(torch.randn(2), torch.ones(2))


@pytest.mark.parametrize("name", ["eight_schools", "subsampled_guide", "dropout", "bernoulli_guide", "score_function"])
def test_an_eager_step_on_the_numbers_of_a_compiled_one(name):
    problem = MODELS[name]()
    svi = warmed_up(problem)
    compiled = compile_step(svi._program(), problem.args, problem.kwargs)
    torch.manual_seed(11)
    with settings.context(eager_random_numbers=True):
        (expected,) = next(apart(compiled.bind(problem.args, problem.kwargs)).steps(1))
    torch.manual_seed(11)
    rows = [draw.once() for draw in compiled.draws]
    torch.manual_seed(12)
    with InjectDraws(rows):
        assert svi.step(*problem.args, **problem.kwargs) == pytest.approx(expected.item(), rel=1e-4)
