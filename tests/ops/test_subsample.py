import itertools
import tracemalloc

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pyro.ops.subsample import _first_occurrences, sample_without_replacement, samples_without_replacement


@given(st.integers(1, 60), st.integers(0, 60))
def test_rows_are_distinct_and_in_range(size, sample_size):
    sample_size = min(size, sample_size)
    rows = sample_without_replacement(size, sample_size)
    assert rows.dtype == torch.long and rows.shape == (sample_size,)
    assert len(set(rows.tolist())) == sample_size and set(rows.tolist()) <= set(range(size))


@pytest.mark.parametrize(("size", "sample_size"), [(5, 2), (6, 3), (5, 3), (4, 4), (4, 1)])
def test_every_ordered_sample_is_equally_likely(size, sample_size):
    """Chi-square over all ordered samples; the seed is fixed, so the verdict is too."""
    torch.manual_seed(1)
    outcomes = dict.fromkeys(itertools.permutations(range(size), sample_size), 0)
    for _ in range(30 * len(outcomes)):
        outcomes[tuple(sample_without_replacement(size, sample_size).tolist())] += 1
    assert stats.chisquare(list(outcomes.values())).pvalue > 0.01


def test_each_row_is_as_likely_in_a_large_population():
    torch.manual_seed(1)
    rows = torch.cat([sample_without_replacement(1000, 200) for _ in range(200)])
    assert stats.chisquare(rows.bincount(minlength=1000).numpy()).pvalue > 0.01


def test_a_billion_rows_cost_what_the_sample_costs():
    tracemalloc.start()
    rows = sample_without_replacement(10**9, 1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(set(rows.tolist())) == 1000 and rows.max() > 10**8
    assert rows.untyped_storage().nbytes() < 10**5 and peak < 10**6


@given(st.lists(st.integers(0, 9)))
def test_first_occurrences_keep_their_order(values):
    assert _first_occurrences(torch.tensor(values, dtype=torch.long)).tolist() == list(dict.fromkeys(values))


@pytest.mark.parametrize(("size", "sample_size"), [(9, 4), (40, 3), (7, 6), (12, 1)])
def test_many_samples_at_once_are_distinct_uniform_and_independent(size, sample_size):
    """Chi-square of the ordered pairs of first and last integers, in one sample and from one to the next."""
    torch.manual_seed(1)
    rows = samples_without_replacement(20_000, size, sample_size)
    assert rows.shape == (20_000, sample_size)
    assert all(len(set(row)) == sample_size for row in rows.tolist())
    inside = rows[:, 0] * size + rows[:, -1]
    counts = inside.bincount(minlength=size * size)
    allowed = counts[counts > 0]
    assert len(allowed) == (size * (size - 1) if sample_size > 1 else size)
    assert stats.chisquare(allowed.numpy()).pvalue > 0.01
    across = (rows[:-1, 0] * size + rows[1:, 0]).bincount(minlength=size * size)
    assert stats.chisquare(across.numpy()).pvalue > 0.01
