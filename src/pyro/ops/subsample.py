"""Uniform samples without replacement, at the cost of the sample and not of the population.

The draw is one operator, ``flashover::sample_without_replacement``: its loop depends on the numbers drawn, and a
captured program holds it as a single random node.
"""

import torch
from torch import Tensor

__all__ = ["sample_without_replacement", "samples_without_replacement"]


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
    return torch.ops.flashover.sample_without_replacement(  # type: ignore[no-any-return]
        size, sample_size, None if device is None else torch.device(device))


def samples_without_replacement(
    num_samples: int, size: int, sample_size: int, device: torch.device | str | None = None
) -> Tensor:
    """Draws many independent samples at once.

    Args:
        num_samples: how many samples.
        size: the population.
        sample_size: how many integers are in each.
        device: where to put them.

    Returns:
        Integers, shape ``(num_samples, sample_size)``.
    """
    device = None if device is None else torch.device(device)
    if 2 * sample_size > size:
        return torch.stack([_draw(size, sample_size, device) for _ in range(num_samples)])
    samples = torch.randint(size, (num_samples, sample_size), device=device)
    ordered = samples.sort(-1).values
    with_repeats = (ordered[:, 1:] == ordered[:, :-1]).any(-1).nonzero().flatten()
    if with_repeats.numel():
        more = torch.randint(size, (with_repeats.numel(), sample_size + 8), device=device)
        drawn = torch.cat([samples[with_repeats], more], -1)
        is_first = _are_first(drawn)
        is_kept = is_first & (is_first.cumsum(-1) <= sample_size)
        is_full = is_kept.sum(-1) == sample_size
        samples[with_repeats[is_full]] = drawn[is_full][is_kept[is_full]].reshape(-1, sample_size)
        for i in (~is_full).nonzero().flatten().tolist():
            samples[with_repeats[i]] = _complete(drawn[i][is_first[i]], size, sample_size)
    return samples


def _draw(size: int, sample_size: int, device: torch.device | None) -> Tensor:
    if 2 * sample_size > size:
        return torch.randperm(size, device=device)[:sample_size]
    return _complete(torch.empty(0, dtype=torch.long, device=device), size, sample_size)


def _complete(drawn: Tensor, size: int, sample_size: int) -> Tensor:
    """Goes on drawing, after distinct integers, until there are enough."""
    while drawn.numel() < sample_size:
        missing = sample_size - drawn.numel()
        # half the population at least is still free: twice what is missing, and a margin, is nearly always enough
        block = torch.randint(size, (2 * missing + 8,), device=drawn.device)
        drawn = _first_occurrences(torch.cat([drawn, block]))
    return drawn[:sample_size]


def _are_first(values: Tensor) -> Tensor:
    """Whether each value is the first of its kind, along the last dim."""
    ordered, places = torch.sort(values, stable=True)
    is_first = torch.ones_like(ordered, dtype=torch.bool)
    is_first[..., 1:] = ordered[..., 1:] != ordered[..., :-1]
    return torch.empty_like(is_first).scatter_(-1, places, is_first)


def _first_occurrences(values: Tensor) -> Tensor:
    """The distinct values, in the order in which they come first."""
    return values[_are_first(values)]


def _shape_of_draw(size: int, sample_size: int, device: torch.device | None) -> Tensor:
    return torch.empty(sample_size, dtype=torch.long, device=device)


_library = torch.library.Library("flashover", "DEF")
_library.define("sample_without_replacement(int size, int sample_size, Device? device) -> Tensor",
                tags=(torch.Tag.nondeterministic_seeded,))
_library.impl("sample_without_replacement", _draw, "CompositeExplicitAutograd")
torch.library.register_fake("flashover::sample_without_replacement", _shape_of_draw, lib=_library)
