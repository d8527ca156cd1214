"""Statistics of a stream of samples, kept without keeping the samples, that can be merged across streams.

References:
    T. F. Chan, G. H. Golub, R. J. LeVeque (1979), "Updating formulae and a pairwise algorithm for computing sample
    variances"
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping
from typing import Any, Self

import torch
from torch import Tensor

__all__ = ["CountMeanStats", "CountMeanVarianceStats", "CountStats", "StackStats", "StatsOfDict", "StreamingStats"]


class StreamingStats(ABC):
    """Base class of statistics of a stream."""

    @abstractmethod
    def update(self, sample: Any) -> None:
        """Takes a sample in.

        Args:
            sample: the next of the stream.
        """

    @abstractmethod
    def merge(self, other: Self) -> Self:
        """Combines the statistics of two streams; neither is changed.

        Args:
            other: statistics of the same kind.

        Returns:
            The statistics of both streams together.
        """

    @abstractmethod
    def get(self) -> Any:
        """The statistics, usually as a dictionary."""

    def _check_kind(self, other: object) -> None:
        if not isinstance(other, type(self)):
            raise TypeError(f"Cannot merge {type(self).__name__} with {type(other).__name__}, expected the same kind.")


class CountStats(StreamingStats):
    """The number of samples, as ``{"count": n}``."""

    def __init__(self) -> None:
        self.count = 0

    def update(self, sample: Any) -> None:
        """Counts a sample."""
        self.count += 1

    def merge(self, other: Self) -> Self:
        """Adds counts."""
        self._check_kind(other)
        merged = type(self)()
        merged.count = self.count + other.count
        return merged

    def get(self) -> dict[str, int]:
        """The count."""
        return {"count": self.count}


class CountMeanStats(StreamingStats):
    """Number and mean of samples, as ``{"count": n, "mean": m}``; no mean before the first sample."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: Any = 0

    def update(self, sample: Tensor) -> None:
        """Moves the mean towards a sample."""
        self.count += 1
        self.mean = self.mean + (sample.detach() - self.mean) / self.count

    def merge(self, other: Self) -> Self:
        """Weighs the means by the counts."""
        self._check_kind(other)
        merged = type(self)()
        merged.count = self.count + other.count
        merged.mean = (self.count * self.mean + other.count * other.mean) / max(merged.count, 1)
        return merged

    def get(self) -> dict[str, Any]:
        """Count and mean."""
        return {"count": self.count, "mean": self.mean} if self.count else {"count": 0}


class CountMeanVarianceStats(CountMeanStats):
    """Number, mean and variance of samples; no variance before the second sample.

    Example:
        >>> stats = CountMeanVarianceStats()
        >>> for x in [1.0, 2.0, 3.0]:
        ...     stats.update(torch.tensor(x))
        >>> stats.get()
        {'count': 3, 'mean': tensor(2.), 'variance': tensor(1.)}
    """

    def __init__(self) -> None:
        super().__init__()
        self._squares: Any = 0

    def update(self, sample: Tensor) -> None:
        """Moves the mean towards a sample and adds its squared deviation."""
        before = sample.detach() - self.mean
        super().update(sample)
        self._squares = self._squares + before * (sample.detach() - self.mean)

    def merge(self, other: Self) -> Self:
        """Adds squared deviations, and that of the means from each other."""
        merged = super().merge(other)
        between = self.count * other.count / max(merged.count, 1)
        merged._squares = self._squares + other._squares + between * (self.mean - other.mean) ** 2
        return merged

    def get(self) -> dict[str, Any]:
        """Count, mean and variance."""
        if self.count < 2:
            return super().get()
        return {**super().get(), "variance": self._squares / (self.count - 1)}


class StackStats(StreamingStats):
    """All samples, stacked, as ``{"count": n, "samples": x}``; no samples before the first."""

    def __init__(self) -> None:
        self.samples: list[Tensor] = []

    def update(self, sample: Tensor) -> None:
        """Keeps a sample."""
        self.samples.append(sample.detach())

    def merge(self, other: Self) -> Self:
        """Puts one stream after the other."""
        self._check_kind(other)
        merged = type(self)()
        merged.samples = self.samples + other.samples
        return merged

    def get(self) -> dict[str, Any]:
        """Count and samples."""
        if not self.samples:
            return {"count": 0}
        return {"count": len(self.samples), "samples": torch.stack(self.samples)}


class StatsOfDict(StreamingStats):
    """Statistics of streams of dictionaries, each key's by itself.

    Args:
        types: for some keys, the kind of their statistics.
        default: the kind of all others.

    Example:
        >>> stats = StatsOfDict({"x": CountMeanStats})
        >>> stats.update({"x": torch.tensor(2.0), "y": torch.tensor(3.0)})
        >>> stats.get()
        {'x': {'count': 1, 'mean': tensor(2.)}, 'y': {'count': 1}}
    """

    def __init__(
        self, types: Mapping[Hashable, Callable[[], StreamingStats]] = {},  # upstream's, not changed
        default: Callable[[], StreamingStats] = CountStats,
    ) -> None:
        self._default = default
        self.stats: dict[Hashable, StreamingStats] = {key: kind() for key, kind in types.items()}

    def update(self, sample: Mapping[Hashable, Any]) -> None:
        """Takes each value in at its key."""
        for key, value in sample.items():
            self.stats.setdefault(key, self._default()).update(value)

    def merge(self, other: Self) -> Self:
        """Merges key by key; a key of one stream only keeps its statistics."""
        self._check_kind(other)
        merged = type(self)({}, self._default)
        merged.stats = {**other.stats, **self.stats}
        for key in self.stats.keys() & other.stats.keys():
            merged.stats[key] = self.stats[key].merge(other.stats[key])
        return merged

    def get(self) -> dict[Hashable, Any]:
        """A dictionary of each key's statistics."""
        return {key: stats.get() for key, stats in self.stats.items()}
