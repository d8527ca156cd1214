"""Associative products along a chain, in a number of steps that grows like the logarithm of its length.

References:
    Guy E. Blelloch (1990), "Prefix sums and their applications"
"""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor

from pyro.ops.batched import Batched

__all__ = ["compose_indices", "interleaving", "reduce_pairwise", "scan_pairwise"]

B = TypeVar("B", bound=Batched)


def reduce_pairwise(chain: B, product: Callable[[B, B], B]) -> B:
    """The ordered product of the elements of a chain.

    Args:
        chain: the elements, along the last batch dimension, at least one.
        product: an associative product of batches.

    Returns:
        The product, without that dimension.
    """
    while chain.batch_shape[-1] > 1:
        firsts, seconds, odd = chain.pairs()
        paired = product(firsts, seconds)
        chain = paired if odd is None else type(chain).cat([paired, odd], -1)
    return chain[..., 0]


def scan_pairwise(chain: B, product: Callable[[B, B], B]) -> B:
    """The ordered products of the first element, of the first two, and so on.

    Args:
        chain: the elements, along the last batch dimension, at least one.
        product: an associative product of batches.

    Returns:
        The products along that dimension.
    """
    length = chain.batch_shape[-1]
    if length == 1:
        return chain
    firsts, seconds, _ = chain.pairs()
    odd_ends = scan_pairwise(product(firsts, seconds), product)
    parts = [chain[..., :1]]
    if length > 2:
        parts.append(product(odd_ends[..., : (length - 1) // 2], chain[..., 2::2]))
    whole = type(chain).cat([*parts, odd_ends], -1)
    return whole[..., interleaving(length, getattr(chain, next(iter(chain.event_dims))).device)]


def interleaving(length: int, device: torch.device) -> Tensor:
    """The permutation of a series that takes turns between its first half and its second.

    Args:
        length: the length of the series; the first half is the longer one.
        device: where to put the result.

    Returns:
        Positions in the series.

    Example:
        >>> interleaving(5, torch.device("cpu"))
        tensor([0, 3, 1, 4, 2])
    """
    position = torch.arange(length, device=device)
    return position // 2 + position % 2 * ((length + 1) // 2)


class _Maps(Batched):
    """Maps of the states 0, ..., S - 1 to states."""

    event_dims = {"image": 1}
    image: Tensor


def compose_indices(maps: Tensor) -> Tensor:
    """Composes the maps of a chain: where each state has got to after the first map, after two, and so on.

    Args:
        maps: for each step and each state, the next state; shape batch_shape + (T, S).

    Returns:
        For each step and each first state, the state after the step.

    Example:
        >>> compose_indices(torch.tensor([[1, 0], [1, 0], [0, 0]]))
        tensor([[1, 0],
                [0, 1],
                [0, 0]])
    """
    return scan_pairwise(_Maps(maps), lambda x, y: _Maps(y.image.gather(-1, x.image))).image
