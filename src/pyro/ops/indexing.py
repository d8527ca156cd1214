"""Advanced indexing that keeps batches of tensors apart.

:func:`vindex` differs from plain indexing in where dimensions end up. Those of the index tensors, broadcast, always
come first, and those of slices last, wherever they stand between indices. A leading ellipsis stands for batch
dimensions: they too are broadcast with the index tensors, instead of being kept as they are. So a function that
indexes works unchanged when its tensors get more batch dimensions, for instance by enumeration.
"""

from typing import Any

import torch
from torch import Tensor

__all__ = ["Index", "Vindex", "index", "vindex"]


def index(tensor: Tensor, args: Any) -> Tensor:
    """Indexes as ``tensor[args]`` does.

    Args:
        tensor: a tensor.
        args: what stands in the brackets.

    Returns:
        The indexed tensor.
    """
    result: Tensor = tensor[args]
    return result


def vindex(tensor: Tensor, args: Any) -> Tensor:
    """Indexes with dimensions of index tensors first and of slices last; see the module.

    Args:
        tensor: a tensor.
        args: numbers, slices and tensors of integers, with an ellipsis at most at the start.

    Returns:
        The indexed tensor.

    Raises:
        NotImplementedError: for an ellipsis elsewhere.

    Example:
        >>> table = torch.arange(6).reshape(2, 3)
        >>> vindex(table, (..., torch.tensor([0, 2])))  # an element for each row
        tensor([0, 5])
    """
    if not isinstance(args, tuple):
        return index(tensor, args)
    if any(arg is Ellipsis for arg in args[1:]):
        raise NotImplementedError("Non-leading Ellipsis is not supported: vindex broadcasts the dimensions that it "
                                  "stands for with the index tensors. Write the dimensions out as slices.")
    if not any(isinstance(arg, Tensor) and arg.dim() for arg in args):
        return index(tensor, args)
    batch = tensor.dim() - len(args) + 1 if args[0] is Ellipsis else 0
    rest = args[1:] if args[0] is Ellipsis else args
    rest = (*rest, *(slice(None),) * (tensor.dim() - batch - len(rest)))
    slices = sum(isinstance(arg, slice) for arg in rest)
    indices = [_position(tensor, dim, batch - dim - 1 + slices) for dim in range(batch)]
    seen = 0
    for dim, arg in enumerate(rest, batch):
        if isinstance(arg, slice):
            seen += 1
            indices.append(_position(tensor, dim, slices - seen, arg))
        else:
            arg = torch.as_tensor(arg, device=tensor.device)
            indices.append(arg.reshape(arg.shape + (1,) * slices))
    return tensor[tuple(indices)]


def _position(tensor: Tensor, dim: int, right: int, chosen: slice = slice(None)) -> Tensor:
    """The positions along a dimension, with so many dimensions of size one to the right."""
    position = torch.arange(tensor.size(dim), device=tensor.device)[chosen]
    return position.reshape((-1,) + (1,) * right)


class Index:
    """Indexes a tensor by :func:`index`, in brackets.

    Args:
        tensor: a tensor.
    """

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def __getitem__(self, args: Any) -> Tensor:
        return index(self._tensor, args)


class Vindex:
    """Indexes a tensor by :func:`vindex`, in brackets.

    Args:
        tensor: a tensor.

    Example:
        >>> Vindex(torch.eye(2))[..., torch.tensor([0, 0])]
        tensor([1., 0.])
    """

    def __init__(self, tensor: Tensor) -> None:
        self._tensor = tensor

    def __getitem__(self, args: Any) -> Tensor:
        return vindex(self._tensor, args)
