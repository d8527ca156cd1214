"""Helpers for distributions: shapes, sums over batch dimensions, scaling and masking, and copies of nested objects.

Contract: functions of tensors are pure and differentiable; those that read shapes never read values, so they can be
captured. Where numbers may stand for tensors (``0`` for "no term", ``1.0`` for "no scale"), the result keeps them.
"""

import copy
import functools
import types
import weakref
from collections.abc import Callable
from typing import Any, TypeVar, overload

import torch
from torch import Tensor
from torch.distributions.utils import broadcast_all

from pyro.ops.validation import enable_validation, is_validation_enabled, validation_enabled

__all__ = ["broadcast_all", "broadcast_shape", "copy_docs_from", "deep_to", "detach", "enable_validation", "eye_like",
           "gather", "is_identically_one", "is_identically_zero", "is_validation_enabled", "scalar_like",
           "scale_and_mask", "sum_leftmost", "sum_rightmost", "validation_enabled", "weakmethod"]

T = TypeVar("T")


def is_identically_zero(x: object) -> bool:
    """Whether ``x`` is the Python number zero; a tensor never is, whatever it holds.

    Args:
        x: a number or anything else.
    """
    return isinstance(x, (int, float)) and x == 0


def is_identically_one(x: object) -> bool:
    """Whether ``x`` is the Python number one; a tensor never is, whatever it holds.

    Args:
        x: a number or anything else.
    """
    return isinstance(x, (int, float)) and x == 1


def broadcast_shape(*shapes: tuple[int, ...], **kwargs: Any) -> tuple[int, ...]:
    """The shape to which arrays of the given shapes broadcast together.

    Args:
        *shapes: shapes, from outermost to innermost dimension.
        **kwargs: ``strict=True`` allows only to prepend dimensions, not to stretch those of size one.

    Returns:
        The common shape.

    Raises:
        ValueError: if there is none.

    Example:
        >>> broadcast_shape((2, 1), (3,))
        (2, 3)
    """
    strict = kwargs.pop("strict", False)
    if shapes and shapes.count(shapes[0]) == len(shapes):
        return tuple(shapes[0])
    reversed_sizes: list[int] = []
    for shape in shapes:
        for i, size in enumerate(reversed(shape)):
            if i == len(reversed_sizes):
                reversed_sizes.append(size)
            elif reversed_sizes[i] == 1 and not strict:
                reversed_sizes[i] = size
            elif reversed_sizes[i] != size and (strict or size != 1):
                raise ValueError("Expected shapes that broadcast together, got "
                                 f"{' and '.join(str(tuple(s)) for s in shapes)}.")
    return tuple(reversed(reversed_sizes))


def gather(value: Tensor, index: Tensor, dim: int) -> Tensor:
    """Like :func:`torch.gather`, but broadcasts the two tensors in every dimension except ``dim``.

    Args:
        value: tensor to take from.
        index: positions along ``dim``.
        dim: the dimension that is indexed; negative counts from the right, and nonnegative from the left of ``value``.

    Returns:
        The taken values.
    """
    if dim >= 0:
        dim -= value.dim()
    # Expanding to the common shape with a last dimension of each tensor's own keeps the indexed dimensions apart.
    value, index = value.transpose(dim, -1), index.transpose(dim, -1)
    batch_shape = broadcast_shape(value.shape[:-1], index.shape[:-1])
    value, index = value.expand(batch_shape + (-1,)), index.expand(batch_shape + (-1,))
    return value.gather(-1, index).transpose(dim, -1)


@overload
def sum_rightmost(value: Tensor, dim: int) -> Tensor: ...
@overload
def sum_rightmost(value: float, dim: int) -> float: ...
def sum_rightmost(value: Tensor | float, dim: int) -> Tensor | float:
    """Sums over rightmost dimensions.

    Args:
        value: a tensor; a number is returned as it is.
        dim: how many dimensions to sum, or, as ``-k``, to sum all but the ``k`` leftmost.

    Returns:
        The sum.

    Example:
        >>> sum_rightmost(torch.ones(2, 3, 4), 2).shape, sum_rightmost(torch.ones(2, 3, 4), -2).shape
        (torch.Size([2]), torch.Size([2, 3]))
    """
    if not isinstance(value, Tensor):
        return value
    count = _count(value, dim)
    return value.sum(tuple(range(-count, 0))) if count else value


@overload
def sum_leftmost(value: Tensor, dim: int) -> Tensor: ...
@overload
def sum_leftmost(value: float, dim: int) -> float: ...
def sum_leftmost(value: Tensor | float, dim: int) -> Tensor | float:
    """Sums over leftmost dimensions.

    Args:
        value: a tensor; a number is returned as it is.
        dim: how many dimensions to sum, or, as ``-k``, to sum all but the ``k`` rightmost.

    Returns:
        The sum.

    Example:
        >>> sum_leftmost(torch.ones(2, 3, 4), 2).shape, sum_leftmost(torch.ones(2, 3, 4), -2).shape
        (torch.Size([4]), torch.Size([3, 4]))
    """
    if not isinstance(value, Tensor):
        return value
    count = _count(value, dim)
    return value.sum(tuple(range(count))) if count else value


def _count(value: Tensor, dim: int) -> int:
    """How many dimensions of ``value`` the argument of a sum stands for."""
    return max(0, min(value.dim(), dim if dim >= 0 else value.dim() + dim))


@overload
def scale_and_mask(tensor: Tensor, scale: Tensor | float = 1.0, mask: Tensor | bool | None = None) -> Tensor: ...
@overload
def scale_and_mask(
    tensor: Tensor | float, scale: Tensor | float = 1.0, mask: Tensor | bool | None = None
) -> Tensor | float: ...
def scale_and_mask(
    tensor: Tensor | float, scale: Tensor | float = 1.0, mask: Tensor | bool | None = None
) -> Tensor | float:
    """Multiplies log densities by a scale and sets them to zero where a mask is false.

    A masked entry is exactly zero, whatever it was, and sends a zero gradient back to ``tensor`` and to ``scale``. It
    cannot undo what happens further back: if the density's own derivative there is infinite or NaN, zero times that
    derivative is NaN. So whoever knows the value masks it *before* scoring it, as
    :class:`~pyro.distributions.torch_distribution.MaskedDistribution` does.

    Args:
        tensor: log densities; the number ``0`` stands for none and stays.
        scale: factor, finite, broadcastable with ``tensor``.
        mask: boolean, broadcastable with ``tensor``; ``None`` and ``True`` keep everything, ``False`` nothing.

    Returns:
        The scaled and masked log densities.
    """
    if is_identically_zero(tensor):
        return tensor
    if mask is False:
        return torch.zeros_like(tensor) if isinstance(tensor, Tensor) else 0.0
    if isinstance(mask, Tensor):
        kept = tensor if isinstance(tensor, Tensor) else torch.tensor(tensor, device=mask.device)
        tensor = torch.where(mask.bool(), kept, 0.0)
    return tensor if is_identically_one(scale) else tensor * scale


def scalar_like(prototype: Tensor, fill_value: float) -> Tensor:
    """A scalar tensor with the dtype and device of another tensor.

    Args:
        prototype: the other tensor.
        fill_value: the scalar.
    """
    return torch.full((), fill_value, dtype=prototype.dtype, device=prototype.device)


def eye_like(value: Tensor, m: int, n: int | None = None) -> Tensor:
    """An identity matrix with the dtype and device of another tensor.

    Args:
        value: the other tensor.
        m: number of rows.
        n: number of columns, ``m`` by default.

    Shape:
        ``(m, n)``
    """
    return torch.eye(m, m if n is None else n, dtype=value.dtype, device=value.device)


def detach(obj: T) -> T:
    """Copies a tensor, container, distribution, transform or module with every tensor in it detached.

    Args:
        obj: anything that holds tensors.

    Returns:
        The copy; the tensors share memory with the originals. Anything that holds no tensors is shared.
    """
    copied: T = _map_tensors(obj, Tensor.detach, {})
    return copied


def deep_to(obj: T, *args: Any, **kwargs: Any) -> T:
    """Copies a tensor, container, distribution, transform or module to another dtype or device.

    Args:
        obj: anything that holds tensors.
        *args: passed to :meth:`torch.Tensor.to`.
        **kwargs: passed to :meth:`torch.Tensor.to`.

    Returns:
        The copy.
    """
    copied: T = _map_tensors(obj, lambda tensor: tensor.to(*args, **kwargs), {})
    return copied


_ATOMS = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType, types.MethodType, weakref.ref,
          torch.Generator)


def _map_tensors(obj: Any, fn: Callable[[Tensor], Tensor], memo: dict[int, Any]) -> Any:
    """Applies ``fn`` to each tensor in a nest of containers and objects; ``memo`` keeps shared parts shared."""
    if id(obj) in memo:
        return memo[id(obj)]
    copied: Any
    if isinstance(obj, Tensor):
        memo[id(obj)] = fn(obj)
    elif isinstance(obj, (dict, list)):
        memo[id(obj)] = copied = copy.copy(obj)
        for key in obj if isinstance(obj, dict) else range(len(obj)):
            copied[key] = _map_tensors(obj[key], fn, memo)
    elif isinstance(obj, tuple):
        build = getattr(type(obj), "_make", type(obj))  # a named tuple's constructor takes its items singly
        memo[id(obj)] = build([_map_tensors(item, fn, memo) for item in obj])
    elif hasattr(obj, "__dict__") and not isinstance(obj, _ATOMS):
        memo[id(obj)] = copied = copy.copy(obj)
        copied.__dict__.update((name, _map_tensors(item, fn, memo)) for name, item in vars(obj).items())
    else:
        return obj
    return memo[id(obj)]


def weakmethod(fn: Callable[..., Any]) -> property:
    """Makes a method whose bound form does not keep its object alive.

    An object that stores an ordinary bound method of its own is a reference cycle, which is freed late.

    Args:
        fn: the method.

    Returns:
        A property whose value is the weakly bound method. Calling it after the object has gone raises an
        ``AttributeError``.
    """

    def call(reference: "weakref.ref[Any]", *args: Any, **kwargs: Any) -> Any:
        owner = reference()
        if owner is None:
            raise AttributeError(f"Method '{fn.__name__}' was called after its object had been deleted. Keep a "
                                 "reference to the object for as long as the method is in use.")
        return fn(owner, *args, **kwargs)

    return property(lambda owner: functools.partial(call, weakref.ref(owner)), doc=fn.__doc__)


def copy_docs_from(source_class: type, full_text: bool = False) -> Callable[[type[T]], type[T]]:
    """Class decorator that documents undocumented public methods by those of another class.

    Args:
        source_class: the class that has the docstrings.
        full_text: whether to copy them instead of referring to them.

    Returns:
        The decorator; it returns its class.
    """

    def decorate(destination: type[T]) -> type[T]:
        for name, member in vars(destination).items():
            source = getattr(source_class, name, None)
            if name.startswith("_") or not callable(member) or member.__doc__ or not getattr(source, "__doc__", None):
                continue
            reference = f"See :meth:`{source_class.__module__}.{source_class.__qualname__}.{name}`"
            member.__doc__ = source.__doc__ if full_text and source is not None else reference
        return destination

    return decorate
