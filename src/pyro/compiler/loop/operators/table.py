"""The operator table: one row an ATen overload.

A row is a function ``(builder, val, *args, **kwargs) -> Expression`` or a tuple of expressions for several results.
``val`` is the node's ``meta["val"]``; tensor arguments arrive as expressions, everything else as it is in the graph.
"""

from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["ROWS", "row"]

Row = Callable[..., Any]
ROWS: dict[str, Row] = {}

_Row = TypeVar("_Row", bound=Row)


def row(*names: str) -> Callable[[_Row], _Row]:
    """Puts a function into the table.

    Args:
        names: ATen overloads without the namespace, ``sum.dim_IntList``.
    """

    def add(function: _Row) -> _Row:
        for name in names:
            if name in ROWS:
                raise ValueError(f"The table has a row for {name} already.")
            ROWS[name] = function
        return function

    return add
