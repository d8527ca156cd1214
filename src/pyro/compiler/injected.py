"""Runs a program eagerly on given random numbers, those of a compiled step, to find out what went wrong in it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from pyro.compiler.keyed import Keyed
from pyro.compiler.passes.samplers import keyed_call
from pyro.compiler.transforms import FORMULAS, Formula

__all__ = ["InjectDraws"]

_aten = torch.ops.aten


def _normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, *, row: Tensor) -> Tensor:
    return tensor.copy_(mean + std * row)


def _normal(mean: Any, std: Any = 1.0, *, row: Tensor) -> Tensor:
    return mean + std * row  # type: ignore[no-any-return]


def _uniform_(tensor: Tensor, low: float = 0.0, high: float = 1.0, *, row: Tensor) -> Tensor:
    return tensor.copy_(low + (high - low) * row)


def _bernoulli_(tensor: Tensor, p: float = 0.5, *, row: Tensor) -> Tensor:
    return tensor.copy_(row)


def _bernoulli(p: Tensor, *, row: Tensor) -> Tensor:
    return (row < p).to(p.dtype)


def _filled(formula: Formula) -> Callable[..., Tensor]:
    return lambda tensor, *args, row: tensor.copy_(formula.of(row, *args))


def _like_whole(tensor: Tensor, *bounds: int, row: Tensor, **options: Any) -> Tensor:
    return row.clone()


def _like(tensor: Tensor, *, row: Tensor, **options: Any) -> Tensor:
    return row.clone()


# by operation: the result from the row that the compiled step used in its place
_FROM_ROW: dict[Any, Callable[..., Tensor]] = {
    _aten.normal_.default: _normal_, _aten.normal.Tensor_Tensor: _normal, _aten.normal.Tensor_float: _normal,
    _aten.uniform_.default: _uniform_, _aten.bernoulli_.float: _bernoulli_, _aten.bernoulli.p: _bernoulli_,
    _aten.randn_like.default: _like, _aten.randint_like.default: _like_whole, _aten.randint_like.low_dtype: _like_whole,
    _aten.rand_like.default: _like,
    _aten.normal.float_Tensor: _normal, _aten.bernoulli.default: _bernoulli,
    **{formula.in_place: _filled(formula) for formula in FORMULAS.values()}}


class InjectDraws(TorchDispatchMode):
    """Inside this block random operations return given numbers.

    Samplers with parameters compute them from the step's key. A few operations that stay in a compiled step as they are
    draw here as they do there.

    Args:
        draws: a row or a key for each of the other random operations, in order.
    """

    def __init__(self, draws: Sequence[Tensor | Keyed]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._rows: Iterator[Tensor] = iter([draw for draw in draws if isinstance(draw, Tensor)])
        self._keyed: Iterator[Keyed] = iter([draw for draw in draws if isinstance(draw, Keyed)])

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = {} if kwargs is None else kwargs
        if torch.Tag.nondeterministic_seeded not in func.tags:
            return func(*args, **kwargs)
        call = keyed_call(func, args, kwargs)
        draw = next(self._keyed, None) if call is not None else None
        if call is not None and draw is not None:
            target, arguments = call
            return target(*arguments, draw.key, draw.draw)
        from_row = _FROM_ROW.get(func)
        if from_row is None and any(isinstance(value, Tensor) for value in tree_flatten((args, kwargs))[0]):
            return func(*args, **kwargs)
        row = next(self._rows, None)
        if row is None:
            return func(*args, **kwargs)
        kwargs.pop("generator", None)
        return row.clone() if from_row is None else from_row(*args, **kwargs, row=row)
