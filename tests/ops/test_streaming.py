"""Laws of statistics of a stream."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from pyro.ops.streaming import (
    CountMeanStats,
    CountMeanVarianceStats,
    CountStats,
    StackStats,
    StatsOfDict,
    StreamingStats,
)

KINDS = [CountStats, CountMeanStats, CountMeanVarianceStats, StackStats]


def collect(kind: Callable[[], StreamingStats], samples: Any) -> StreamingStats:
    stats = kind()
    for sample in samples:
        stats.update(sample)
    return stats


def expected(kind: type, samples: torch.Tensor) -> dict[str, Any]:
    values: dict[str, Any] = {"count": len(samples)}
    if issubclass(kind, CountMeanStats) and len(samples):
        values["mean"] = samples.mean(0)
    if issubclass(kind, CountMeanVarianceStats) and len(samples) > 1:
        values["variance"] = samples.var(0)
    if issubclass(kind, StackStats) and len(samples):
        values["samples"] = samples
    return values


@pytest.mark.parametrize("split", [0, 1, 3, 7])
@pytest.mark.parametrize("kind", KINDS)
def test_statistics_equal_those_of_all_samples_however_split(kind: type[StreamingStats], split: int) -> None:
    torch.manual_seed(0)
    samples = torch.randn(7, 2).double()
    left, right = collect(kind, samples[:split]), collect(kind, samples[split:])
    for stats, part in ((left, samples[:split]), (right, samples[split:]), (left.merge(right), samples)):
        torch.testing.assert_close(stats.get(), expected(kind, part))


def test_dictionaries_key_by_key() -> None:
    kind = lambda: StatsOfDict({"x": CountMeanStats}, CountStats)
    left = collect(kind, [{"x": torch.tensor(1.0), "y": 3}])
    right = collect(kind, [{"x": torch.tensor(3.0), "z": 3}])
    merged = left.merge(right).get()
    assert merged == {"x": {"count": 2, "mean": torch.tensor(2.0)}, "y": {"count": 1}, "z": {"count": 1}}
    assert left.get()["x"]["count"] == 1


@pytest.mark.parametrize("kind", [*KINDS, StatsOfDict])
def test_other_kinds_are_refused(kind: type[StreamingStats]) -> None:
    other = StackStats() if kind is CountStats else CountStats()
    with pytest.raises(TypeError, match="same kind"):
        kind().merge(other)
