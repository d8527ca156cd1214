"""What stands for an operator in a graph of core operators without mutation."""

import operator
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch._decomp import _core_aten_decompositions_post_autograd, get_decompositions

from pyro.compiler.views import PIECES, view_source

__all__ = ["EACH", "decompositions", "functional"]

_aten = torch.ops.aten

# what the multi-tensor operators of optimisers and of gradient clipping do to each tensor
_OF_EACH: dict[str, Callable[..., Tensor]] = {
    **{name: getattr(torch, name) for name in (
        "abs", "add", "clamp_max", "clamp_min", "div", "exp", "lerp", "log", "maximum", "minimum", "mul", "neg", "pow",
        "reciprocal", "rsqrt", "sign", "sqrt", "sub")},
    "addcdiv": lambda x, numerator, denominator, value=1: torch.addcdiv(x, numerator, denominator, value=value),
    "addcmul": lambda x, factor, other, value=1: torch.addcmul(x, factor, other, value=value),
    "copy": lambda x, other: _aten.copy.default(x, other),
    "norm": lambda x, ord=2, dtype=None: torch.linalg.vector_norm(x, ord, dtype=dtype),
    "zero": torch.zeros_like,
}

# functional forms that are not called as the operator without its underscore
_NAMES = {_aten.normal_.default: _aten.normal_functional.default,
          _aten.bernoulli_.float: lambda x, p=0.5, generator=None: _aten.bernoulli.p(x, p)}


def _each(fn: Callable[..., Tensor]) -> Callable[..., list[Tensor]]:
    """A function of lists of tensors, and of arguments that all have in common."""
    def run(*args: Any, **kwargs: Any) -> list[Tensor]:
        (length, *_) = (len(value) for value in args if isinstance(value, list | tuple))
        return [fn(*(value[i] if isinstance(value, list | tuple) else value for value in args), **kwargs)
                for i in range(length)]

    return run


def _packets() -> dict[Any, Callable[..., list[Tensor]]]:
    packets = {name: getattr(_aten, f"_foreach_{name}") for name in _OF_EACH if hasattr(_aten, f"_foreach_{name}")}
    return {getattr(packet, overload): _each(_OF_EACH[name]) for name, packet in packets.items()
            for overload in packet.overloads() if not getattr(packet, overload)._schema.is_mutable}


def _eye(n: int, m: int | None = None, *, dtype: torch.dtype | None = None, device: Any = None, **_: Any) -> Tensor:
    """The identity matrix; torch's decomposition counts in a type that has no kernels where n is above 255."""
    rows, columns = torch.arange(n, device=device), torch.arange(n if m is None else m, device=device)
    return (rows.unsqueeze(-1) == columns).to(dtype or torch.get_default_dtype())


def _triangle(holds: Callable[[int, int], bool]) -> Callable[..., Tensor]:
    """The row and column numbers of a matrix's elements of which something holds, as constants."""
    def run(rows: int, columns: int, offset: int = 0, *, dtype: torch.dtype = torch.int64, device: Any = None,
            **_: Any) -> Tensor:
        places = [(i, j) for i in range(rows) for j in range(columns) if holds(j - i, offset)]
        return torch.tensor(places, dtype=dtype, device=device).reshape(-1, 2).mT

    return run


EACH = _packets()
"""Multi-tensor operators, as functions that call an operator for each tensor."""


@cache
def decompositions() -> dict[Any, Callable[..., Any]]:
    """By operator a function that calls simpler ones: torch's table of core operators, and what it lacks."""
    # its schema does not say that it changes the running statistics
    hidden = get_decompositions([_aten.native_batch_norm])
    ours: dict[Any, Callable[..., Any]] = {
        **PIECES, **EACH, _aten.eye.default: _eye, _aten.eye.m: _eye,
        _aten.tril_indices.default: _triangle(operator.le), _aten.triu_indices.default: _triangle(operator.ge)}
    table = {**_core_aten_decompositions_post_autograd(), **hidden, **ours}
    return {func: fn for func, fn in table.items() if not getattr(func, "_schema", None) or not func._schema.is_mutable}


@cache
def functional(func: Any) -> Any | None:
    """The operator without mutation that computes what another one writes to its first argument, or to ``out``.

    Returns:
        ``None`` where there is none.
    """
    if func in _NAMES:
        return _NAMES[func]
    name, arguments = func._schema.name, func._schema.arguments
    space, base = name.split("::")
    written = [a.name for a in arguments if a.alias_info is not None and a.alias_info.is_write]
    packet = getattr(getattr(torch.ops, space), base.removesuffix("_"), None)
    if len(written) != 1 or packet is None:
        return None
    kinds = [(a.name, str(a.type)) for a in arguments if a.name != "out"]
    if written != ["out"] and not (base.endswith("_") and written == [arguments[0].name]):
        return None
    candidates = [getattr(packet, overload) for overload in packet.overloads()]
    found = next((c for c in candidates if [(a.name, str(a.type)) for a in c._schema.arguments] == kinds), None)
    if found is None or found._schema.is_mutable or (torch.Tag.inplace_view in func.tags and not view_source(found)):
        return None
    return found
