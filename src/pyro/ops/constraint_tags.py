"""Constraints as plain data: ``{"constraint": "interval", "lower_bound": 0.0, "upper_bound": 1.0}``.

A tag names a class of constraints and lists the values it is built from: numbers, tensors, further tags, or lists of
those. So files can hold constraints without holding code. Every class that may be written has one row in the table
below, which :func:`register` adds to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch.distributions import constraints
from torch.distributions.constraints import Constraint

__all__ = ["from_tag", "picklable_classes", "register", "to_tag"]


@dataclass(frozen=True)
class _Row:
    name: str
    cls: type[Constraint]
    fields: tuple[str, ...]
    aliases: tuple[str, ...]


_by_name: dict[str, _Row] = {}
_by_class: dict[type[Constraint], _Row] = {}


def register(name: str, cls: type[Constraint], fields: tuple[str, ...] = (), aliases: tuple[str, ...] = ()) -> None:
    """Gives a class of constraints its tag, so that parameters under it can be saved and loaded.

    Args:
        name: the tag's name, unique.
        cls: the class. ``cls(*values of fields)`` must build an equal constraint.
        fields: the attributes it is built from, in the order of the constructor's parameters.
        aliases: other import paths (``"module.Class"``) under which old files pickled the class.

    Raises:
        ValueError: if the name belongs to another class.

    Example:
        >>> class Multiple(constraints.Constraint):
        ...     def __init__(self, base):
        ...         self.base = base
        ...     def check(self, value):
        ...         return value % self.base == 0
        >>> register("multiple", Multiple, ("base",))
        >>> to_tag(Multiple(3))
        {'constraint': 'multiple', 'base': 3}
    """
    taken = _by_name.get(name)
    if taken is not None and _path(taken.cls) != _path(cls):
        raise ValueError(f"Constraint tag '{name}' already stands for {_path(taken.cls)}, so it cannot stand for "
                         f"{_path(cls)}. Choose another name.")
    _by_name[name] = _by_class[cls] = _Row(name, cls, fields, aliases)


def to_tag(constraint: Constraint) -> dict[str, Any]:
    """The tag of a constraint.

    Args:
        constraint: an instance of a registered class.

    Returns:
        A dict of plain data and tensors that :func:`from_tag` reads.

    Raises:
        ValueError: if the constraint's class, or that of a constraint inside it, is not registered.
    """
    row = _by_class.get(type(constraint))
    if row is None:
        raise ValueError(
            f"Constraint {constraint} of type {_path(type(constraint))} cannot be written to a file: its class has no "
            "tag. Register one with pyro.ops.constraint_tags.register(name, cls, fields).")
    return {"constraint": row.name, **{field: _pack(getattr(constraint, field)) for field in row.fields}}


def from_tag(tag: Mapping[str, Any]) -> Constraint:
    """The constraint that a tag stands for.

    Args:
        tag: what :func:`to_tag` returned.

    Returns:
        A new constraint.

    Raises:
        ValueError: if no class has that tag, or its fields are not the class's.
    """
    name = tag.get("constraint")
    row = _by_name.get(name) if isinstance(name, str) else None
    if row is None:
        known = ", ".join(sorted(_by_name))
        raise ValueError(f"Unknown constraint tag {dict(tag)}. Expected one of: {known}. Import the module that "
                         "registers it first, or register it with pyro.ops.constraint_tags.register.")
    if tag.keys() != {"constraint", *row.fields}:
        raise ValueError(f"Constraint tag {dict(tag)} is malformed: '{row.name}' has the fields {list(row.fields)}.")
    return row.cls(*(_unpack(tag[field]) for field in row.fields))


def picklable_classes() -> list[type[Constraint] | tuple[type[Constraint], str]]:
    """The registered classes, and pairs of a class and an alias, as ``torch.serialization.safe_globals`` takes them."""
    rows = _by_class.values()
    return [row.cls for row in rows] + [(row.cls, alias) for row in rows for alias in row.aliases]


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _pack(value: Any) -> Any:
    if isinstance(value, Constraint):
        return to_tag(value)
    if isinstance(value, (list, tuple)):
        return [_pack(item) for item in value]
    return value


def _unpack(value: Any) -> Any:
    if isinstance(value, Mapping):
        return from_tag(value)
    if isinstance(value, list):
        return [_unpack(item) for item in value]
    return value


for _name in ("boolean", "one_hot", "real", "simplex", "lower_triangular", "lower_cholesky", "corr_cholesky", "square",
              "symmetric", "positive_semidefinite", "positive_definite"):
    register(_name, type(getattr(constraints, _name)))
for _name, _cls, _fields in (
    ("cat", constraints.cat, ("cseq", "dim", "lengths")),
    ("greater_than", constraints.greater_than, ("lower_bound",)),
    ("greater_than_eq", constraints.greater_than_eq, ("lower_bound",)),
    ("half_open_interval", constraints.half_open_interval, ("lower_bound", "upper_bound")),
    ("independent", constraints.independent, ("base_constraint", "reinterpreted_batch_ndims")),
    ("integer_greater_than", type(constraints.nonnegative_integer), ("lower_bound",)),
    ("integer_interval", constraints.integer_interval, ("lower_bound", "upper_bound")),
    ("interval", constraints.interval, ("lower_bound", "upper_bound")),
    ("less_than", constraints.less_than, ("upper_bound",)),
    ("mixture_same_family", constraints.MixtureSameFamilyConstraint, ("base_constraint",)),
    ("multinomial", constraints.multinomial, ("upper_bound",)),
    ("stack", constraints.stack, ("cseq", "dim")),
):
    register(_name, _cls, _fields)
