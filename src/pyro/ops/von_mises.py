"""Draws angles from the von Mises distribution, as one operator.

Rejection takes a number of rounds that nobody knows before. As one operator it can be part of a flat graph of a
program, where another sampler of the same distribution may take its place.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

__all__ = ["von_mises"]


def _drawn(loc: Tensor, concentration: Tensor, size: Sequence[int]) -> Tensor:
    source = torch.distributions.VonMises(loc, concentration, validate_args=False)
    angles: Tensor = source.sample(torch.Size(size[: len(size) - len(source.batch_shape)]))
    return angles


_library = torch.library.Library("flashover", "FRAGMENT")
_library.define("von_mises(Tensor loc, Tensor concentration, int[] size) -> Tensor",
                tags=(torch.Tag.nondeterministic_seeded,))  # fmt: skip
_library.impl("von_mises", _drawn, "CompositeExplicitAutograd")
_library.impl("von_mises", lambda loc, concentration, size: loc.new_empty(size), "Meta")

von_mises = torch.ops.flashover.von_mises.default
"""``von_mises(loc, concentration, size)`` draws angles of shape ``size``, to which both parameters broadcast."""
