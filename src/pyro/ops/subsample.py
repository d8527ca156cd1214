"""Uniform samples without replacement, at the cost of the sample and not of the population."""

import torch
from torch import Tensor

__all__ = ["sample_without_replacement"]


def sample_without_replacement(size: int, sample_size: int, device: torch.device | str | None = None) -> Tensor:
    """Draws distinct integers from ``range(size)``; every ordered sample is equally likely.

    Integers drawn one after the other, where repetitions are thrown away, are such a sample. They are drawn in blocks;
    the work is ``O(sample_size log sample_size)`` for a sample of at most half the population. Larger samples are cut
    from a permutation.

    Args:
        size: the population.
        sample_size: how many integers, at most ``size``.
        device: where to put them.

    Returns:
        Integers, shape ``(sample_size,)``.
    """
    if 2 * sample_size > size:
        return torch.randperm(size, device=device)[:sample_size]
    drawn = torch.empty(0, dtype=torch.long, device=device)
    while drawn.numel() < sample_size:
        missing = sample_size - drawn.numel()
        # half the population at least is still free: twice what is missing, and a margin, is nearly always enough
        block = torch.randint(size, (2 * missing + 8,), device=device)
        drawn = _first_occurrences(torch.cat([drawn, block]))
    return drawn[:sample_size]


def _first_occurrences(values: Tensor) -> Tensor:
    """The distinct values, in the order in which they come first."""
    ordered, places = torch.sort(values, stable=True)
    is_first = torch.ones_like(ordered, dtype=torch.bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return values[torch.sort(places[is_first]).values]
