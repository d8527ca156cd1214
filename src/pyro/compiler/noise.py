"""Random numbers as inputs: what a step draws, drawn outside of it for many steps at once.

A :class:`Draw` repeats one random operation of the captured graph. Blocks have a fixed number of steps, so the numbers
depend on the seed and on the calls alone, and not on timing or on the lowering.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import Node

from pyro.ops.subsample import samples_without_replacement

__all__ = ["Draw", "block_size", "is_random"]


def _bernoulli(size: list[int], p: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    return torch.empty(size, dtype=dtype, device=device).bernoulli_(p)


def _keys(size: tuple[int, ...], device: torch.device) -> Tensor:
    return torch.randint(-(2**63), 2**63 - 1, size, dtype=torch.int64, device=device)


# a draw of a given shape, as torch's own operator needs a tensor to take the shape from
_library = torch.library.Library("flashover", "FRAGMENT")
_library.define("bernoulli(int[] size, float p, *, ScalarType dtype, Device device) -> Tensor",
                tags=(torch.Tag.nondeterministic_seeded,))
_library.impl("bernoulli", _bernoulli, "CompositeExplicitAutograd")
# what samplers compute all of a step's numbers from
_library.define("key(*, Device device) -> Tensor", tags=(torch.Tag.nondeterministic_seeded,))
_library.impl("key", lambda device: _keys((), device), "CompositeExplicitAutograd")

_BLOCK_BYTES = 4 << 20
_MAX_BLOCK = 8192


def is_random(node: Node) -> bool:
    """Whether a node of a graph draws random numbers."""
    return torch.Tag.nondeterministic_seeded in getattr(node.target, "tags", ())


@dataclass(frozen=True)
class Draw:
    """One random operation whose arguments do not depend on the step.

    Attributes:
        target: the operation, such as ``aten.randn.default``.
        args: its arguments.
        kwargs: its keyword arguments.
        shape: of the result.
        dtype: of the result.
    """

    target: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    shape: tuple[int, ...]
    dtype: torch.dtype

    @property
    def is_key(self) -> bool:
        """Whether it is what samplers compute their numbers from, and no draw of the eager step."""
        return self.target is torch.ops.flashover.key.default

    def once(self) -> Tensor:
        """Draws what one step needs: the very numbers that the eager step would draw here."""
        return self.target(*self.args, **self.kwargs)  # type: ignore[no-any-return]

    def rows(self, num_steps: int, device: torch.device) -> Tensor:
        """Draws what ``num_steps`` steps need.

        Returns:
            Shape ``(num_steps,) + shape``.
        """
        shape = (num_steps, *self.shape)
        options: dict[str, Any] = {"dtype": self.dtype, "device": device}
        name = self.target._schema.name
        if name == "aten::randn":
            return torch.randn(shape, **options)
        if name == "aten::rand":
            return torch.rand(shape, **options)
        if name == "flashover::bernoulli":
            return torch.empty(shape, **options).bernoulli_(self.args[1])
        if name == "flashover::key":
            return _keys((num_steps,), device)
        if name == "flashover::sample_without_replacement":
            return samples_without_replacement(num_steps, self.args[0], self.args[1], device)
        return torch.stack([self.once() for _ in range(num_steps)])


def block_size(draws: tuple[Draw, ...]) -> int:
    """How many steps' numbers are drawn at once: a constant of the program."""
    step = sum(torch.Size(draw.shape).numel() * draw.dtype.itemsize for draw in draws)
    return max(1, min(_MAX_BLOCK, _BLOCK_BYTES // max(1, step)))
