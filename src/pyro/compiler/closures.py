"""What a program finds outside of its arguments: closed-over variables and the globals that its functions name.

A captured step holds the tensors, numbers and functions that were there when it was captured. Comparing them with what
is there now tells when a variable was bound anew; what is inside other objects is not looked at, except for the
training flags of modules.
"""

import functools
import sysconfig
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from torch.nn import Module

__all__ = ["Same", "contents"]

_DEEPEST = 6
_LONGEST = 100
# what lies there changes with its version, not with the program
_INSTALLED = (*{sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")},
              str(Path(__file__).parent.parent))


@dataclass(frozen=True, eq=False)
class Same:
    """Equal to what holds the same object. It keeps the object alive, so that no other one takes over its address."""

    value: Any

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


def contents(value: Any) -> dict[str, Hashable]:
    """What a function, or another value, is made of.

    Args:
        value: a function, a bound method, a partial, a module, or a container of such.

    Returns:
        By a path to each part, such as ``model.scale``, what identifies it: the value of a number or text, the training
        flag of a module, else the object itself.
    """
    return dict(_walk(value, "", 0, set()))


def _walk(value: Any, path: str, depth: int, seen: set[int]) -> Iterator[tuple[str, Hashable]]:
    if value is None or isinstance(value, int | float | str | bytes):
        yield path, (type(value), value)
        return
    parts = _parts(value, depth) if depth < _DEEPEST and id(value) not in seen else None
    if isinstance(value, Module):
        yield path, (Same(value), tuple(module.training for module in value.modules()))
    elif parts is None:
        yield path, Same(value)
    else:
        seen.add(id(value))
        if isinstance(value, FunctionType):
            yield path, Same(value.__code__)
        for name, part in parts:
            yield from _walk(part, f"{path}.{name}", depth + 1, seen)


def _parts(value: Any, depth: int) -> list[tuple[str, Any]] | None:
    """The parts of what is looked into: of installed functions only the model and the guide themselves."""
    if isinstance(value, MethodType):
        return [("self", value.__self__), ("function", value.__func__)]
    if isinstance(value, functools.partial):
        return [("function", value.func), ("args", value.args), ("keywords", value.keywords)]
    if isinstance(value, FunctionType):
        return None if depth and value.__code__.co_filename.startswith(_INSTALLED) else _variables(value)
    if isinstance(value, list | tuple) and len(value) <= _LONGEST:
        return [("length", len(value)), *((str(i), part) for i, part in enumerate(value))]
    if isinstance(value, dict) and len(value) <= _LONGEST:
        return [("length", len(value)), *((repr(key), part) for key, part in value.items())]
    return None


def _variables(function: FunctionType) -> list[tuple[str, Any]]:
    closed = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    found = [(name, cell.cell_contents) for name, cell in closed if _is_bound(cell)]
    found += [(name, function.__globals__[name]) for name in sorted(_names(function.__code__))
              if name in function.__globals__]
    found += [("defaults", function.__defaults__ or ()), ("keyword defaults", function.__kwdefaults__ or {})]
    return [(name, part) for name, part in found if not isinstance(part, ModuleType | type)]


@functools.cache
def _names(code: CodeType) -> frozenset[str]:
    """The globals that a function names, also inside of functions that it defines."""
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return frozenset(code.co_names).union(*map(_names, inner))


def _is_bound(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
