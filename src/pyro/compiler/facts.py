"""What the recorder needs to know of an operator, found out once for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch

from pyro.compiler.functional import EACH, decompositions
from pyro.compiler.views import view_source

__all__ = ["Facts", "facts_of", "has_dynamic_shape"]

_aten = torch.ops.aten
# questions whose answers are fixed by shapes and types
_HARMLESS = {_aten._has_compatible_shallow_copy_type.default, _aten.is_same_size.default,
             *(getattr(_aten.result_type, overload) for overload in _aten.result_type.overloads())}
_COMPOSITE = torch._C.DispatchKey.CompositeImplicitAutograd


@dataclass(frozen=True)
class Facts:
    """What matters of an operator's schema.

    Attributes:
        is_ignored: it computes nothing that a graph needs.
        is_read: it gives numbers, not tensors.
        is_dynamic: the shape of its result may depend on values.
        is_mutable: it changes an argument.
        is_view: its result is a view of its first argument.
        simpler: computes the same by simpler operators; ``None`` for a core operator.
        takes_numbers: whether ``simpler`` takes numbers that are inputs; torch's decompositions take plain floats only.
    """

    is_ignored: bool
    is_read: bool
    is_dynamic: bool
    is_mutable: bool
    is_view: bool
    simpler: Any
    takes_numbers: bool


@cache
def facts_of(func: Any) -> Facts:
    """What matters of an operator's schema."""
    returns = func._schema.returns
    simpler = decompositions().get(func)
    if simpler is None and func.has_kernel_for_dispatch_key(_COMPOSITE):
        simpler = func.decompose
    return Facts(
        is_ignored=func.namespace == "profiler" or func in _HARMLESS or not (returns or func._schema.is_mutable),
        is_read=any(str(returned.type) not in ("Tensor", "List[Tensor]") for returned in returns),
        is_dynamic=torch.Tag.dynamic_output_shape in func.tags,
        is_mutable=func._schema.is_mutable,
        is_view=view_source(func),
        simpler=simpler,
        takes_numbers=func in EACH)


def has_dynamic_shape(func: Any, args: Sequence[Any]) -> bool:
    """Whether the shape of an operator's result depends on values, for these arguments."""
    if func is not _aten.index.Tensor:
        return True
    return any(index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1])
