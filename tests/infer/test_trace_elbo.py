import pytest
import torch

import pyro
import pyro.distributions as dist
from pyro.infer import Trace_ELBO
from tests.infer.problems import PROBLEMS, Problem

LOOPED = {"num_particles": 20}
VECTORIZED = {"num_particles": 2_000, "vectorize_particles": True}
REPEATS = 30


def gradient_of(problem, leaves):
    """The exact loss and its gradient, as one row."""
    loss = problem.exact_loss()
    return torch.cat([part.detach().reshape(-1) for part in (loss, *torch.autograd.grad(loss, leaves))])


def estimates(elbo, problem, leaves):
    """Independent estimates of the loss and its gradient, a row each."""
    rows = []
    for _ in range(REPEATS):
        for leaf in leaves:
            leaf.grad = None
        with problem.warning():
            loss = elbo.loss_and_grads(problem.model, problem.guide)
        rows.append(torch.cat([torch.tensor([loss]), *(leaf.grad.reshape(-1) for leaf in leaves)]))
    return torch.stack(rows)


def check_unbiased(elbo, problem, precision):
    """The mean of the estimates is within five standard errors of the exact row, and these are small."""
    leaves = problem.start()
    expected = gradient_of(problem, leaves)
    rows = estimates(elbo, problem, leaves)
    error = rows.std(0) / REPEATS**0.5
    assert (error <= precision * expected.abs().max().clamp(min=1.0)).all(), error
    rounding = 1e-4 * (1 + expected.abs())
    assert ((rows.mean(0) - expected).abs() <= 5 * error + rounding).all(), (rows.mean(0), expected, error)


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS.keys())
def test_gradients_are_unbiased_over_vectorized_particles(problem):
    check_unbiased(Trace_ELBO(**VECTORIZED), problem, problem.precision)


@pytest.mark.parametrize("name", ["mixed", "random rows", "partly observed, from the prior"])
def test_gradients_are_unbiased_over_looped_particles(name):
    check_unbiased(Trace_ELBO(**LOOPED), PROBLEMS[name], precision=0.1)
