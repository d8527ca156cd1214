"""Sparse counts; the dense ones have a row in ``table.py``."""

import pytest
import torch

import pyro.distributions as dist


@pytest.mark.parametrize("value", [[0.0, 0.0, 0.0], [0.0, 2.0, 5.0], [[0.0, 1.0, 0.0], [3.0, 0.0, 0.0]]], ids=str)
@pytest.mark.parametrize("rate", [1.5, [0.5, 1.0, 3.0]], ids=str)
def test_sparse_equals_dense_and_so_do_its_gradients(rate: float | list[float], value: list[float]) -> None:
    results = []
    for is_sparse in (False, True):
        r = torch.tensor(rate, dtype=torch.float64, requires_grad=True)
        log_prob = dist.Poisson(r, is_sparse=is_sparse).log_prob(torch.tensor(value, dtype=torch.float64))
        results.append((log_prob, torch.autograd.grad(log_prob.sum(), r)[0]))
    torch.testing.assert_close(results[0], results[1])


def test_zero_rate_is_certain_of_zero() -> None:
    for is_sparse in (False, True):
        log_prob = dist.Poisson(torch.zeros(2), is_sparse=is_sparse).log_prob(torch.tensor([0.0, 1.0]))
        assert log_prob.tolist() == [0.0, float("-inf")]


def test_expand_stays_sparse() -> None:
    assert dist.Poisson(torch.ones(2), is_sparse=True).expand([3, 2]).is_sparse
