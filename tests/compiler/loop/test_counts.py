"""Counts have exactly their distributions, on both sides of where the method changes."""

import math

import numpy as np
import pytest
import scipy.stats
import torch

from pyro.compiler.loop.arrays import run_array
from tests.compiler.loop.draws import N, draws


def fits(x: np.ndarray, reference) -> bool:
    """Pearson's test over bins with at least 20 expected counts; wrong once in a thousand times."""
    values = np.arange(int(x.min()), int(x.max()) + 1)
    expected = reference.pmf(values) * len(x)
    observed = np.bincount((x - x.min()).astype(int), minlength=len(values))
    bins = np.cumsum(expected) // 20
    bins = np.minimum(bins, bins.max() - 1 if bins.max() > 0 else 0).astype(int)
    expected, observed = np.bincount(bins, expected), np.bincount(bins, observed)
    expected *= observed.sum() / expected.sum()
    kept = expected > 0
    if kept.sum() < 2:
        return bool(abs(expected.sum() - observed.sum()) < 1e-6 * len(x))
    return scipy.stats.chisquare(observed[kept], expected[kept]).pvalue > 1e-3


@pytest.mark.parametrize("rate", [1e-3, 0.3, 4.0, 9.99, 10.0, 12.5, 40.0, 1e3])
def test_poisson(rate):
    x = draws("poisson", rate).numpy()
    assert (x == np.floor(x)).all()
    assert fits(x, scipy.stats.poisson(rate))


@pytest.mark.parametrize("rate", [1e6, 1e10])
def test_poisson_is_about_normal(rate):
    x = (draws("poisson", rate).numpy() - rate) / math.sqrt(rate)
    assert scipy.stats.kstest(x, "norm").statistic < 1.95 / math.sqrt(N) + 1 / math.sqrt(rate)


@pytest.mark.parametrize(("n", "p"), [(1, 0.3), (10, 0.3), (10, 0.7), (25, 0.4), (25, 0.6), (1000, 0.00999),
                                      (1000, 0.011), (1000, 0.5), (100_000, 1e-5), (100_000, 0.999)])  # fmt: skip
def test_binomial(n, p):
    x = draws("binomial", n, p).numpy()
    assert x.min() >= 0
    assert x.max() <= n
    assert fits(x, scipy.stats.binom(n, p))


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("poisson", (0.0,), 0.0),
        ("binomial", (5.0, 0.0), 0.0),
        ("binomial", (5.0, 1.0), 5.0),
        ("binomial", (0.0, 0.5), 0.0),
    ],
)
def test_sure_counts(name, parameters, expected):
    assert (draws(name, *parameters, count=100) == expected).all()


@pytest.mark.parametrize(("name", "parameters"), [
    ("poisson", (-1.0,)), ("poisson", (math.nan,)), ("poisson", (math.inf,)), ("binomial", (5.0, 1.5)),
    ("binomial", (5.0, math.nan)), ("binomial", (-1.0, 0.5)), ("binomial", (math.inf, 0.5)),
])  # fmt: skip
def test_no_distribution(name, parameters):
    assert draws(name, *parameters, count=10).isnan().all()


@pytest.mark.parametrize("weights", [[0.1, 0.0, 0.2, 0.7, 0.0], [3.0], [1.0, 1.0], [0.0, 1e-30, 2e-30]])
def test_categories(weights):
    w = torch.tensor(weights, dtype=torch.float64)
    x = run_array("categorical", [w], (N,), [1, len(weights), N, 0], torch.tensor(5)).long()
    observed = x.bincount(minlength=len(weights))
    assert (observed[w == 0] == 0).all()
    expected = (w / w.sum() * N)[w > 0].numpy()
    if len(expected) > 1:
        assert scipy.stats.chisquare(observed[w > 0].numpy(), expected).pvalue > 1e-3
