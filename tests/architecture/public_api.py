"""How the package compares with pyro-ppl 1.9.2: what is absent and which signatures differ.

``public_api.json`` holds the facts: for every public module its names, each with its kind, its parameters in order
(``name=default``, the default as its repr, a function as ``<function>``) and, for classes, the public methods that it
adds to its bases. Absent things are written as entries: ``module.*`` for a whole module, ``module.name``, or
``module.Class.method``.
"""

import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

MISSING = Path(__file__).with_name("missing_api.txt")

_ABSENT = object()
_KINDS: dict[str, Callable[[Any], bool]] = {
    "class": inspect.isclass, "function": callable, "module": inspect.ismodule, "value": lambda value: True}


class Fact(TypedDict, total=False):
    """What is known of one public name."""

    kind: str
    parameters: list[str]
    methods: list[str]


FACTS: dict[str, dict[str, Fact]] = json.loads(Path(__file__).with_name("public_api.json").read_text())


def listed_missing() -> list[str]:
    """The entries of missing_api.txt."""
    return MISSING.read_text().split()


def load(module: str) -> ModuleType | None:
    """Imports a module of the package; ``None`` if there is none of that name."""
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(error.name + ".")):
            return None
        raise
    return found if found.__file__ else None  # a folder without a module is no package yet


def absent() -> Iterator[str]:
    """Entries for whatever is not there yet."""
    for module, names in FACTS.items():
        found = load(module)
        if found is None:
            yield f"{module}.*"
            continue
        for name, fact in names.items():
            yield from _absent_in(found, name, fact)


def _absent_in(module: ModuleType, name: str, fact: Fact) -> Iterator[str]:
    address = f"{module.__name__}.{name}"
    value = getattr(module, name, _ABSENT)
    if value is _ABSENT or (inspect.ismodule(value) and fact["kind"] != "module"):  # a submodule of the function's name
        yield address
        return
    yield from (f"{address}.{method}" for method in fact.get("methods", []) if not _has(value, method))


def _has(value: Any, member: str) -> bool:
    """Whether a class has a member, or says that its instances have it: a property there may be an attribute here."""
    return hasattr(value, member) or any(member in vars(base).get("__annotations__", {}) for base in value.__mro__)


def covers(entry: str, name: str) -> bool:
    """Whether an entry says that a thing, itself written as an entry, is missing."""
    return name == entry or name.startswith(entry.removesuffix("*") if entry.endswith(".*") else entry + ".")


def shrink(listed: Iterable[str], absent: Iterable[str]) -> tuple[list[str], list[str]]:
    """Compares the list with what is absent.

    Args:
        listed: entries of the list as it is.
        absent: entries for whatever is not there.

    Returns:
        The new list: what is absent and was listed, alone or with its module or class; and what is absent but was not
        listed, which no list may take up.
    """
    listed = list(listed)
    kept: list[str] = []
    lost: list[str] = []
    for name in sorted(absent):
        (kept if any(covers(entry, name) for entry in listed) else lost).append(name)
    return kept, lost


def parameters_of(value: Any) -> list[str]:
    """The parameters of a callable as the facts state them."""
    return [_written(parameter) for parameter in inspect.signature(value).parameters.values()]


def _written(parameter: inspect.Parameter) -> str:
    if parameter.kind is parameter.VAR_POSITIONAL:
        return f"*{parameter.name}"
    if parameter.kind is parameter.VAR_KEYWORD:
        return f"**{parameter.name}"
    if parameter.default is parameter.empty:
        return parameter.name
    default = repr(parameter.default)
    return f"{parameter.name}={'<function>' if ' at 0x' in default else default}"


def differences(value: Any, fact: Fact) -> list[str]:
    """How a delivered name differs from upstream's.

    Args:
        value: what has the name here.
        fact: what has it upstream.

    Returns:
        One sentence a difference. Keyword-only parameters of ours are no difference: no call of upstream's meets them.
    """
    if not _KINDS[fact["kind"]](value):
        return [f"is a {type(value).__name__}, expected a {fact['kind']}"]
    if {"cls", "*args", "**kwargs"}.issuperset(fact.get("parameters", [])):
        return []  # values and modules, and classes without an __init__ of their own, state no parameters
    expected, got = fact["parameters"], parameters_of(value)
    added = {_written(p) for p in inspect.signature(value).parameters.values() if p.kind is p.KEYWORD_ONLY}
    if [name for name in got if name in expected or name not in added] == expected:
        return []
    return [f"takes ({', '.join(got)}), expected ({', '.join(expected)})"]
