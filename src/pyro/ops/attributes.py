"""Attributes of attributes, by dotted names."""

from functools import reduce
from typing import Any

__all__ = ["deep_getattr", "deep_setattr"]


def deep_getattr(obj: Any, name: str) -> Any:
    """Reads ``obj.a.b.c`` for the name ``"a.b.c"``.

    Raises:
        AttributeError: if there is none.
    """
    return reduce(getattr, name.split("."), obj)


def deep_setattr(obj: Any, name: str, value: Any) -> None:
    """Sets ``obj.a.b.c`` for the name ``"a.b.c"``.

    Raises:
        AttributeError: if ``obj.a.b`` does not exist.
    """
    owner, _, attribute = name.rpartition(".")
    setattr(deep_getattr(obj, owner) if owner else obj, attribute, value)
