"""Tensors that know where they come from: labels that follow values through torch operations.

A :class:`ProvenanceTensor` carries a set of labels. What an operation returns carries the labels of all its inputs,
for the tensor as a whole: there are no labels of single elements. A set that does not contain a label proves that the
value does not depend on what was labelled, with these exceptions, where labels are lost: values that leave torch
(``.item()``, ``float()``, ``.numpy()``), ``torch.autograd.Function``, compiled functions, and outside of a
:class:`FollowProvenance` block tensors that were written to in place and functions such as :func:`torch.tensor`.

Source: data lineage, known in the study of programs as dynamic taint analysis.
"""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial, singledispatch
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

__all__ = ["FollowProvenance", "ProvenanceTensor", "detach_provenance", "extract_provenance", "get_provenance",
           "track_provenance"]

_NOTHING: frozenset[Any] = frozenset()


class ProvenanceTensor(Tensor):
    """A tensor with labels; it shares its data, and its place in the autograd graph, with the tensor it is made from.

    Args:
        data: the tensor. If it has labels, they are kept.
        provenance: labels, any hashable objects. Without any, the result is ``data`` itself.

    Example:
        >>> x = ProvenanceTensor(torch.ones(2), frozenset({"x"}))
        >>> sorted(get_provenance(torch.stack([x, torch.zeros(2)]).sum()))
        ['x']
    """

    _t: Tensor
    _provenance: frozenset[Any]

    def __new__(cls, data: Tensor, provenance: frozenset[Any] = frozenset()) -> Any:
        if not provenance:
            return data
        if isinstance(data, ProvenanceTensor):
            provenance = data._provenance | provenance
            data = data._t
        # an alias rather than a new tensor: there is no device to choose, so a default device has no say
        with torch._C.DisableTorchFunction():
            new = data.as_subclass(cls)
        new._t = data
        new._provenance = provenance
        return new

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        (plain_args, plain_kwargs), provenance = extract_provenance((tuple(args), dict(kwargs or {})))
        return track_provenance(func(*plain_args, **plain_kwargs), provenance)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self._t, self._provenance)

    def __repr__(self) -> str:  # type: ignore[override]  # torch's takes an argument of its own printing
        return f"ProvenanceTensor({self._t!r}, provenance={set(self._provenance)!r})"


@singledispatch
def track_provenance(x: Any, provenance: frozenset[Any]) -> Any:
    """Adds labels to the tensors in a structure.

    Args:
        x: a tensor, or a list, tuple, set or dict of such structures; other objects stay as they are. Other containers
            can be added by ``track_provenance.register``.
        provenance: labels, any hashable objects.

    Returns:
        The structure, with tensors replaced by labelled ones.

    Raises:
        AssertionError: if the labels are no frozenset.
    """
    return x


@track_provenance.register
def _track_tensor(x: Tensor, provenance: frozenset[Any]) -> Any:
    if not isinstance(provenance, frozenset):
        raise AssertionError(f"track_provenance: expected a frozenset of labels, got {provenance!r}. Write "
                             "frozenset({'label'}).")
    return ProvenanceTensor(x, provenance)


@track_provenance.register
def _track_items(x: list | tuple | set | frozenset | dict, provenance: frozenset[Any]) -> Any:  # type: ignore[type-arg]
    return _map_items(partial(track_provenance, provenance=provenance), x)


@singledispatch
def extract_provenance(x: Any) -> tuple[Any, frozenset[Any]]:
    """Takes the labels off the tensors in a structure.

    Args:
        x: a tensor, or a list, tuple, set or dict of such structures; other objects stay as they are. Other containers
            can be added by ``extract_provenance.register``.

    Returns:
        The structure with plain tensors, and the labels of all tensors in it.

    Example:
        >>> extract_provenance([3, track_provenance(torch.ones(()), frozenset({"x"}))])
        ([3, tensor(1.)], frozenset({'x'}))
    """
    return x, _NOTHING


@extract_provenance.register
def _extract_tensor(x: ProvenanceTensor) -> tuple[Tensor, frozenset[Any]]:
    return x._t, x._provenance


@extract_provenance.register
def _extract_items(x: list | tuple | set | frozenset | dict) -> tuple[Any, frozenset[Any]]:  # type: ignore[type-arg]
    provenance: set[Any] = set()

    def take(item: Any) -> Any:
        plain, labels = extract_provenance(item)
        provenance.update(labels)
        return plain

    return _map_items(take, x), frozenset(provenance)


def get_provenance(x: Any) -> frozenset[Any]:
    """The labels of all tensors in a structure.

    Args:
        x: as in :func:`extract_provenance`.
    """
    return extract_provenance(x)[1]


def detach_provenance(x: Any) -> Any:
    """A structure with its tensors as they were before they were labelled.

    Args:
        x: as in :func:`extract_provenance`.
    """
    return extract_provenance(x)[0]


_MAY_BE_LABELLED = (ProvenanceTensor, list, tuple, set, frozenset, dict)


class FollowProvenance(TorchFunctionMode):
    """A ``with`` block in which labels also follow what a tensor subclass does not see.

    Inside the block a plain tensor takes the labels of what is written to it, and shares them with the tensors that
    look at the same memory; and functions that make tensors from others' values, such as :func:`torch.tensor`, pass
    labels on. Labels of memory are forgotten with this object.

    Example:
        >>> x = track_provenance(torch.tensor(1.0), frozenset({"x"}))
        >>> with FollowProvenance() as follow:
        ...     filled = torch.zeros(2)
        ...     filled[0] = x
        ...     get_provenance(filled), follow.provenance(filled), get_provenance(2 * filled)
        (frozenset(), frozenset({'x'}), frozenset({'x'}))
    """

    def __init__(self) -> None:
        super().__init__()
        # keeping the storages alive keeps their addresses from being used again
        self._written: dict[int, tuple[torch.UntypedStorage, frozenset[Any]]] = {}

    def mark(self, x: Any, provenance: frozenset[Any]) -> None:
        """Adds labels to the memory of the tensors in a structure, which stay plain tensors.

        Args:
            x: lists, tuples, sets and dicts of tensors.
            provenance: the labels.
        """
        for storage in _storages(x):
            _, before = self._written.get(storage.data_ptr(), (storage, _NOTHING))
            self._written[storage.data_ptr()] = storage, before | provenance

    def provenance(self, x: Any) -> frozenset[Any]:
        """The labels of the tensors in a structure and of their memory.

        Args:
            x: lists, tuples, sets and dicts of tensors.
        """
        provenance = get_provenance(x)
        if self._written:
            found = (self._written.get(storage.data_ptr()) for storage in _storages(x))
            provenance = provenance.union(*(entry[1] for entry in found if entry is not None))
        return provenance

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = {} if kwargs is None else kwargs
        if not self._written and not any(isinstance(item, _MAY_BE_LABELLED) for item in (*args, *kwargs.values())):
            return func(*args, **kwargs)
        provenance = self.provenance((tuple(args), dict(kwargs)))
        result = func(*args, **kwargs)
        if provenance:
            self.mark(_written_to(func, args, kwargs), provenance)
        return track_provenance(result, provenance)


def _written_to(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """The arguments that a torch function writes to, by the conventions of their names."""
    name = getattr(func, "__name__", "")
    in_place = name == "__setitem__" or name.startswith("__i") or (name.endswith("_") and not name.endswith("__"))
    return [*(args[:1] if in_place else ()), kwargs.get("out")]


def _storages(x: Any) -> Iterator[torch.UntypedStorage]:
    """The memory of the tensors in a structure; nothing for tensors that have none of their own."""
    if isinstance(x, Tensor):
        try:
            storage = detach_provenance(x).untyped_storage()
            if storage.data_ptr():
                yield storage
        except (NotImplementedError, RuntimeError):
            return  # a sparse tensor, or one that stands for others inside of vmap
    elif isinstance(x, dict):
        yield from _storages(tuple(x.values()))
    elif isinstance(x, list | tuple | set | frozenset):
        for item in x:
            yield from _storages(item)


def _map_items(fn: Callable[[Any], Any], x: Any) -> Any:
    """A container of the same type with ``fn`` applied to its items, in a dict to its values."""
    if isinstance(x, dict):
        new = copy.copy(x)
        new.update((key, fn(value)) for key, value in x.items())
        return new
    items = map(fn, x)
    return x._make(items) if hasattr(x, "_make") else type(x)(items)
