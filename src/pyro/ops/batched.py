"""Records of tensors that share their batch dimensions.

A subclass names its tensors and says how many dimensions to the right of the batch each has. Their batch shapes
broadcast, and what changes the batch changes all tensors alike.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import torch
from torch import Size, Tensor

__all__ = ["Batched"]


class Batched:
    """Base of records of tensors with common batch dimensions.

    Args:
        *tensors: in the order of ``event_dims``.

    Attributes:
        event_dims: for each tensor's name, its number of dimensions to the right of the batch.

    Example:
        >>> class Line(Batched):
        ...     event_dims = {"offset": 0, "slope": 1}
        >>> Line(torch.zeros(2, 1), torch.ones(3, 5)).batch_shape
        torch.Size([2, 3])
    """

    event_dims: ClassVar[dict[str, int]]

    def __init__(self, *tensors: Tensor) -> None:
        for name, tensor in zip(self.event_dims, tensors, strict=True):
            setattr(self, name, tensor)

    def _parts(self) -> list[tuple[Tensor, int]]:
        return [(getattr(self, name), event_dim) for name, event_dim in self.event_dims.items()]

    def _map(self, fn: Callable[[Tensor, int], Tensor]) -> Self:
        """Applies a function of a tensor and its number of event dimensions to all tensors."""
        return type(self)(*(fn(tensor, event_dim) for tensor, event_dim in self._parts()))

    @property
    def batch_shape(self) -> Size:
        """The shape to which the batch shapes of all tensors broadcast."""
        shapes = self._batch_shapes()
        return shapes.pop() if len(shapes) == 1 else torch.broadcast_shapes(*shapes)

    def _batch_shapes(self) -> set[Size]:
        return {tensor.shape[: tensor.dim() - event_dim] for tensor, event_dim in self._parts()}

    def _broadcast(self) -> Self:
        """The same with all tensors expanded to the batch shape."""
        return self if len(self._batch_shapes()) == 1 else self.expand(self.batch_shape)

    def expand(self, batch_shape: Sequence[int]) -> Self:
        """Expands all tensors to a batch shape."""
        batch_shape = Size(batch_shape)
        return self._map(lambda x, event_dim: x.expand(batch_shape + x.shape[x.dim() - event_dim :]))

    def reshape(self, batch_shape: Sequence[int]) -> Self:
        """Reshapes the batch."""
        old, new = self.batch_shape, Size(batch_shape)

        def reshaped(x: Tensor, event_dim: int) -> Tensor:
            event_shape = x.shape[x.dim() - event_dim :]
            return x.expand(old + event_shape).reshape(new + event_shape)

        return self._map(reshaped)

    def __getitem__(self, index: Any) -> Self:
        """Indexes the batch, as a tensor of its shape is indexed."""
        index = index if isinstance(index, tuple) else (index,)
        return self._broadcast()._map(lambda x, event_dim: x[(*index, *(slice(None),) * event_dim)])

    def pairs(self) -> tuple[Self, Self, Self | None]:
        """Splits the last batch dimension into neighbours.

        Returns:
            The first of each pair, the second of each, and the odd one at the end, if there is one.
        """
        whole, odd = self._broadcast(), None
        if (length := self.batch_shape[-1]) % 2:
            whole, odd = whole[..., :-1], whole[..., -1:]
        # unlike slices with a step, these are cheap to differentiate
        paired = [x.unflatten(-1 - event_dim, (length // 2, 2)).unbind(-1 - event_dim)
                  for x, event_dim in whole._parts()]
        firsts, seconds = (type(self)(*half) for half in zip(*paired, strict=True))
        return firsts, seconds, odd

    @classmethod
    def cat(cls, parts: Sequence[Self], dim: int = 0) -> Self:
        """Concatenates records along a batch dimension.

        Args:
            parts: the records.
            dim: the dimension; counted from the right if negative.

        Returns:
            The concatenated record.
        """
        parts = [part._broadcast() for part in parts]
        return cls(*(
            torch.cat([getattr(part, name) for part in parts], dim - event_dim if dim < 0 else dim)
            for name, event_dim in cls.event_dims.items()
        ))
