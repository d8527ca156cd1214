"""Operators that take a number, as operators that take a scalar tensor in its place."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from pyro.compiler.numbers import Expression

__all__ = ["NODES", "WITH_TENSORS", "FixedNumber"]

_aten = torch.ops.aten


class FixedNumber(Exception):
    """A number is used where only a constant can be.

    Args:
        expression: how it follows from the base numbers.
    """

    def __init__(self, expression: Expression) -> None:
        super().__init__("a number is used where only a constant can be")
        self.expression = expression

    def positions(self) -> set[int]:
        """The base numbers that it depends on."""
        return _positions(self.expression)


def _positions(expression: Expression) -> set[int]:
    if expression.fn is None:
        return {expression.operands[0]}
    return set().union(*(_positions(o) for o in expression.operands if isinstance(o, Expression)))


# arithmetic of numbers, by whether the operands are nodes
NODES: dict[Any, dict[tuple[bool, ...], Any]] = {
    operator.add: dict.fromkeys(((True, True), (True, False), (False, True)), _aten.add.Tensor),
    operator.sub: dict.fromkeys(((True, True), (True, False), (False, True)), _aten.sub.Tensor),
    operator.mul: dict.fromkeys(((True, True), (True, False), (False, True)), _aten.mul.Tensor),
    operator.truediv: dict.fromkeys(((True, True), (True, False), (False, True)), _aten.div.Tensor),
    operator.pow: {(True, True): _aten.pow.Tensor_Tensor, (True, False): _aten.pow.Tensor_Scalar,
                   (False, True): _aten.pow.Scalar},
    operator.neg: {(True,): _aten.neg.default},
    abs: {(True,): _aten.abs.default},
}  # fmt: skip

Scalar = Callable[..., Any]


def _binary(target: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function of two operands, either of which may be a number."""

    def call(scalar: Scalar, x: Any, y: Any) -> Tensor:
        dtype, device = _common(x, y)
        return target(scalar(x, dtype, device), scalar(y, dtype, device))

    return call


def _common(x: Any, y: Any) -> tuple[torch.dtype, torch.device]:
    return torch.result_type(x, y), x.device if isinstance(x, Tensor) else y.device


def _scaled(target: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A sum whose second operand has a factor."""

    def call(scalar: Scalar, x: Any, y: Any, alpha: Any = 1) -> Tensor:
        if alpha != 1:
            y = y * alpha
        dtype, device = _common(x, y)
        return target(scalar(x, dtype, device), scalar(y, dtype, device))

    return call


def _bounds(scalar: Scalar, x: Tensor, low: Any = None, high: Any = None, **options: Any) -> Tensor:
    low, high = options.get("min", low), options.get("max", high)
    if low is not None:
        x = torch.maximum(x, _tensor(scalar, low, x))
    return x if high is None else torch.minimum(x, _tensor(scalar, high, x))


def _tensor(scalar: Scalar, value: Any, like: Tensor) -> Tensor:
    value = scalar(value, like.dtype, like.device)
    return value if isinstance(value, Tensor) else torch.full((), value, dtype=like.dtype, device=like.device)


def _full(scalar: Scalar, size: list[int], value: Any, *, dtype: torch.dtype | None = None, device: Any = None,
          **options: Any) -> Tensor:  # fmt: skip
    number: Tensor = scalar(value, dtype or torch.get_default_dtype(), device)
    return number.expand(size)


def _full_like(scalar: Scalar, like: Tensor, value: Any, *, dtype: torch.dtype | None = None, device: Any = None,
               **options: Any) -> Tensor:  # fmt: skip
    return _full(scalar, list(like.shape), value, dtype=dtype or like.dtype, device=device or like.device)


def _lerp(scalar: Scalar, x: Tensor, end: Tensor, weight: Any) -> Tensor:
    step: Tensor = (end - x) * weight if weight < 0.5 else (end - x) * (1 - weight)
    return x + step if weight < 0.5 else end - step


WITH_TENSORS: dict[Any, Callable[..., Tensor]] = {
    _aten.add.Tensor: _scaled(torch.add), _aten.add.Scalar: _scaled(torch.add),
    _aten.sub.Tensor: _scaled(torch.sub), _aten.sub.Scalar: _scaled(torch.sub),
    _aten.mul.Tensor: _binary(torch.mul), _aten.mul.Scalar: _binary(torch.mul),
    _aten.div.Tensor: _binary(torch.div), _aten.div.Scalar: _binary(torch.div),
    _aten.pow.Tensor_Scalar: _binary(_aten.pow.Tensor_Tensor), _aten.pow.Scalar: _binary(_aten.pow.Tensor_Tensor),
    **{getattr(_aten, name).Scalar: _binary(getattr(torch, name))
       for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    _aten.rsub.Scalar: lambda scalar, x, y, alpha=1: _binary(torch.sub)(scalar, y, x if alpha == 1 else x * alpha),
    _aten.lerp.Scalar: _lerp,
    _aten.addcmul.default: lambda scalar, x, a, b, value=1: x + a * value * b,
    _aten.addcdiv.default: lambda scalar, x, a, b, value=1: x + a * value / b,
    _aten.fill.Scalar: lambda scalar, x, value: _full_like(scalar, x, value),
    _aten.masked_fill.Scalar: lambda scalar, x, mask, value: torch.where(mask, _tensor(scalar, value, x), x),
    _aten.clamp.default: _bounds,
    _aten.clamp_min.default: _bounds,
    _aten.clamp_max.default: lambda scalar, x, high: _bounds(scalar, x, high=high),
    _aten.full.default: _full,
    _aten.full_like.default: _full_like,
    _aten.scalar_tensor.default: lambda scalar, value, **options: _full(scalar, [], value, **options),
}  # fmt: skip
"""By operator what calls others; the first argument makes a scalar tensor of a number, for a type and a device."""
