"""Runs a program eagerly on given random numbers, those of a compiled step, to find out what went wrong in it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

__all__ = ["InjectDraws"]

_aten = torch.ops.aten


def _normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, *, row: Tensor) -> Tensor:
    return tensor.copy_(mean + std * row)


def _normal(mean: Any, std: Any = 1.0, *, row: Tensor) -> Tensor:
    return mean + std * row  # type: ignore[no-any-return]


def _uniform_(tensor: Tensor, low: float = 0.0, high: float = 1.0, *, row: Tensor) -> Tensor:
    return tensor.copy_(low + (high - low) * row)


def _bernoulli_(tensor: Tensor, p: float = 0.5, *, row: Tensor) -> Tensor:
    return tensor.copy_(row < p)


# by operation: the result from the row that the compiled step used in its place; others use the row as it is
_FROM_ROW: dict[Any, Callable[..., Tensor]] = {_aten.normal_.default: _normal_, _aten.normal.Tensor_Tensor: _normal, _aten.normal.Tensor_float: _normal,
             _aten.uniform_.default: _uniform_, _aten.bernoulli_.float: _bernoulli_}


class InjectDraws(TorchDispatchMode):
    """Inside this block random operations return given numbers.

    Args:
        rows: one for each random operation, in order.
    """

    def __init__(self, rows: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._rows: Iterator[Tensor] = iter(rows)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = {} if kwargs is None else kwargs
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        row = next(self._rows, None)
        if row is None:
            return func(*args, **kwargs)
        kwargs.pop("generator", None)
        from_row = _FROM_ROW.get(func)
        return row.clone() if from_row is None else from_row(*args, **kwargs, row=row)
