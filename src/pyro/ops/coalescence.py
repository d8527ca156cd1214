"""Times at which lineages coalesce, from exponential numbers, as one operator.

Backward in time each leaf adds a lineage, and each coalescence joins two of k at the rate of its :math:`k (k - 1) / 2`
pairs. Events follow each other, so a few series are quickest one by one in plain numbers; many, or a program that is
captured, take steps of all series at once.

Source: J. F. C. Kingman (1982), On the genealogy of large populations, Journal of Applied Probability 19A.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["coalescence"]

_FEW = 30
"""Up to this many series, one by one is faster."""


def _one_by_one(leaf_times: Tensor, surprise: Tensor, rate: Tensor) -> Tensor:
    shape, size = surprise.shape[:-1], leaf_times.shape[-1]
    if size < 2 or not 0 < shape.numel() <= _FEW:
        return _at_once(leaf_times, surprise, rate)
    if not shape:
        return surprise.new_tensor(_series(leaf_times.tolist(), surprise.tolist(), rate.item()))
    leaf_times, rate = leaf_times.expand(shape + (size,)), rate.expand(shape)
    rows = (leaf_times.reshape(-1, size), surprise.reshape(-1, size - 1), rate.reshape(-1))
    drawn = [_series(*row) for row in zip(*(tensor.tolist() for tensor in rows), strict=True)]
    return surprise.new_tensor(drawn).reshape(surprise.shape)


def _series(leaf_times: Sequence[float], surprise: Sequence[float], rate: float) -> list[float]:
    """Of one series, in rising order."""
    leaves = iter([*sorted(leaf_times, reverse=True), -math.inf])
    now, next_leaf, lineages, merged = next(leaves), next(leaves), 1, []
    for remaining in surprise:
        hazard = rate * lineages * (lineages - 1) / 2
        while lineages < 2 or now - remaining / hazard < next_leaf:  # not with NaN, which stays NaN
            remaining -= hazard * (now - next_leaf)
            now, next_leaf, lineages = next_leaf, next(leaves), lineages + 1
            hazard = rate * lineages * (lineages - 1) / 2
        now, lineages = now - remaining / hazard, lineages - 1
        merged.append(now)
    return merged[::-1]


def _at_once(leaf_times: Tensor, surprise: Tensor, rate: Tensor) -> Tensor:
    count = leaf_times.shape[-1]
    if count < 2:
        return surprise
    leaf_times = leaf_times.sort(dim=-1, descending=True).values.expand(surprise.shape[:-1] + (count,))
    leaves = torch.cat([leaf_times, torch.full_like(leaf_times[..., :1], -torch.inf)], -1)
    surprise = torch.cat([surprise, torch.full_like(leaf_times[..., :1], torch.inf)], -1)
    now, waited = leaves[..., 0], torch.zeros_like(leaves[..., 0])
    seen = torch.ones_like(now, dtype=torch.long)
    joined = torch.zeros_like(seen)
    merged = []
    for _ in range(2 * count - 2):
        lineages = seen - joined
        hazard = rate * (lineages * (lineages - 1) / 2)
        next_leaf = leaves.gather(-1, seen.unsqueeze(-1)).squeeze(-1)
        remaining = surprise.gather(-1, joined.unsqueeze(-1)).squeeze(-1) - waited
        time = torch.where(lineages > 1, now - remaining / hazard.clamp(min=rate), -torch.inf)
        is_join = (time >= next_leaf) & (lineages > 1)
        merged.append(torch.where(is_join, time, torch.inf))
        now, waited = torch.where(is_join, time, next_leaf), torch.where(
            is_join, 0.0, waited + hazard * (now - next_leaf))
        seen, joined = seen + (~is_join).long(), joined + is_join.long()
    return torch.stack(merged, -1).sort(-1).values[..., : count - 1]


_library = torch.library.Library("flashover", "FRAGMENT")
_library.define("coalescence(Tensor leaf_times, Tensor surprise, Tensor rate) -> Tensor")
_library.impl("coalescence", _at_once, "CompositeImplicitAutograd")
_library.impl("coalescence", _one_by_one, "CPU")

coalescence = torch.ops.flashover.coalescence.default
"""``coalescence(leaf_times, surprise, rate)`` gives rising times of shape batch_shape + (N - 1,), without gradients,
from leaf times that expand to batch_shape + (N,), standard exponential numbers of the result's shape, and rates of a
pair that broadcast to batch_shape."""
