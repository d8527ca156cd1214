"""Gamma variates have the Gamma distribution, for all shapes."""

import math

import numpy as np
import pytest
import scipy.stats
import torch

from pyro.compiler.loop.arrays import run_array
from tests.compiler.loop.draws import N, draws

SHAPES = [1e-3, 0.02, 0.5, 0.999, 1.0, 1.5, 15.0, 1e3, 1e6]


@pytest.mark.parametrize("alpha", SHAPES)
def test_distribution(alpha):
    x = draws("standard_gamma", alpha).numpy()
    smallest = np.finfo(np.float64).tiny
    x = np.maximum(x, smallest)  # what is smaller cannot be told apart
    reference = scipy.stats.gamma(alpha)
    statistic = max(abs(reference.cdf(x_i) - (np.searchsorted(np.sort(x), x_i, "right")) / N)
                    for x_i in np.quantile(x, np.linspace(0.01, 0.99, 99)))  # fmt: skip
    assert statistic < 1.95 / math.sqrt(N)  # the Kolmogorov-Smirnov distance is larger once in a thousand times


@pytest.mark.parametrize("alpha", SHAPES)
def test_mean_and_variance(alpha):
    x = draws("standard_gamma", alpha)
    fourth = 3 * alpha**2 + 6 * alpha
    assert abs(x.mean().item() - alpha) < 4.5 * math.sqrt(alpha / N)
    assert abs(x.var().item() - alpha) < 4.5 * math.sqrt((fourth - alpha**2) / N)


@pytest.mark.parametrize("alpha", [1e-3, 0.02, 0.5, 3.0])
def test_logarithms_of_tiny_variates_are_told_apart(alpha):
    """By way of Dirichlet variates, of which one component is Beta distributed."""
    size = (N, 2)
    x = run_array("dirichlet", [torch.full(size, alpha, dtype=torch.float64)], size, [N, 2, 0], torch.tensor(1))
    torch.testing.assert_close(x.sum(-1), torch.ones(N, dtype=torch.float64))
    reference = scipy.stats.beta(alpha, alpha)
    for column in x.T.numpy():
        points = np.geomspace(1e-300, 0.5, 60)
        observed = np.searchsorted(np.sort(column), points, "right") / N
        assert np.abs(reference.cdf(points) - observed).max() < 1.95 / math.sqrt(N)


@pytest.mark.parametrize(("alpha", "expected"), [(0.0, 0.0), (math.inf, math.inf)])
def test_edges(alpha, expected):
    assert (draws("standard_gamma", alpha, count=10) == expected).all()


@pytest.mark.parametrize("alpha", [-0.5, -5.0, math.nan])
def test_no_shape(alpha):
    assert draws("standard_gamma", alpha, count=10).isnan().all()
