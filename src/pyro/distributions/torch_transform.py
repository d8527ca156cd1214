"""Bases of transforms that can be learnt: transforms that are modules, and what makes their caches safe.

A cache keeps the last argument and result of a transform, with the graph of their gradients. It is left out when a
transform is copied or pickled, and :func:`clear_cache` empties it. What gradients of parameters hang on is used once
for constant arguments: the same data, scored again, need a graph of their own, as the first one is gone after backward.
"""

import copy
from collections.abc import Sequence
from typing import Any, Self
from weakref import ref

from torch import Tensor, nn
from torch.distributions.transforms import (
    CatTransform,
    ComposeTransform,
    IndependentTransform,
    StackTransform,
    Transform,
    _InverseTransform,
)

__all__ = ["CachedTransform", "ComposeTransformModule", "TransformModule", "clear_cache", "is_one_way", "is_lasting"]


def clear_cache(transform: Transform) -> None:
    """Empties the cache of a transform, and those of the transforms that it is made of.

    Args:
        transform: any transform, torch's among them.
    """
    for part in _parts(transform):
        clear_cache(part)
    if isinstance(transform, CachedTransform):
        transform.clear_cache()
    elif transform._cache_size:
        transform._cached_x_y = None, None


def is_lasting(argument: Tensor, result: Tensor) -> bool:
    """Whether a remembered result stands for a constant, or hangs on the graph of an argument that is no constant.

    Args:
        argument: of a transform, or of its inverse.
        result: what it gave.
    """
    return argument.grad_fn is not None or not result.requires_grad


def is_one_way(transform: Transform) -> bool:
    """Whether a transform, or one that it is made of, can be inverted at its own last result only.

    Args:
        transform: any transform, torch's among them.
    """
    return getattr(transform, "_no_inverse", None) is not None or any(map(is_one_way, _parts(transform)))


def _parts(transform: Transform) -> Sequence[Transform]:
    match transform:
        case ComposeTransform():
            return transform.parts
        case CatTransform() | StackTransform():
            return transform.transforms
        case IndependentTransform():
            return [transform.base_transform]
        case _InverseTransform():
            return [transform.inv]
    return []


class CachedTransform(Transform):
    """A transform whose copies share its parameters but not its cache, and whose cache outlives no graph."""

    def __call__(self, x: Tensor) -> Tensor:
        if self._cache_size and self._cached_x_y[0] is x and not is_lasting(x, self._cached_x_y[1]):
            self.clear_cache()
        return super().__call__(x)  # type: ignore[no-any-return, no-untyped-call]  # torch's

    def _inv_call(self, y: Tensor) -> Tensor:
        if self._cache_size and self._cached_x_y[1] is y and not is_lasting(y, self._cached_x_y[0]):
            self.clear_cache()
        return super()._inv_call(y)  # type: ignore[no-any-return, no-untyped-call]  # torch's

    @property
    def inv(self) -> Transform:
        """The inverse, which can be copied and pickled; torch's own loses what it is the inverse of."""
        weak: Any = self._inv
        known: Transform | None = None if weak is None else weak()
        if known is None:
            known = _Inverse(self)
            self._inv = ref(known)  # type: ignore[assignment]  # torch annotates what it refers to
        return known

    def clear_cache(self) -> None:
        """Forgets the last argument and result."""
        if self._cache_size:
            self._cached_x_y = None, None

    def with_cache(self, cache_size: int = 1) -> Self:
        """The same transform with another cache size.

        Args:
            cache_size: 0 or 1.

        Returns:
            This transform, or a copy that shares its parameters.
        """
        if self._cache_size == cache_size:
            return self
        other = copy.copy(self)
        other._cache_size = cache_size
        other.clear_cache()
        return other

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()  # type: ignore[no-untyped-call]  # torch's
        if "_cached_x_y" in state:
            state["_cached_x_y"] = None, None
        return state


class _Inverse(_InverseTransform):
    """The inverse of a transform, which it keeps in copies."""

    def __getstate__(self) -> dict[str, Any]:
        return dict(self.__dict__)


class TransformModule(CachedTransform, nn.Module):
    """Base of transforms with parameters to be learnt.

    A subclass defines ``domain``, ``codomain``, ``_call``, ``_inverse`` and ``log_abs_det_jacobian`` like any
    transform, and registers parameters like any module; :func:`pyro.module` then finds them.

    Args:
        *args: passed to :class:`torch.distributions.transforms.Transform`.
        **kwargs: the same.

    Example:
        >>> import torch
        >>> class Shift(TransformModule):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.by = nn.Parameter(torch.tensor(2.0))
        ...     def _call(self, x):
        ...         return x + self.by
        >>> Shift()(torch.tensor(1.0))
        tensor(3., grad_fn=<AddBackward0>)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    def __hash__(self) -> int:
        return nn.Module.__hash__(self)


class ComposeTransformModule(ComposeTransform, nn.ModuleList):
    """Transforms one after the other; those among them that are modules are its submodules.

    Args:
        parts: transforms, the first one first.
        cache_size: how many results the parts keep, 0 or 1; 0 leaves each part as it is.
    """

    def __init__(self, parts: list[Transform], cache_size: int = 0) -> None:
        super().__init__(parts, cache_size=cache_size)
        self.extend(part for part in self.parts if isinstance(part, nn.Module))

    def __hash__(self) -> int:
        return nn.Module.__hash__(self)

    def with_cache(self, cache_size: int = 1) -> "ComposeTransformModule":
        """The same transforms with another cache size."""
        if self._cache_size == cache_size:
            return self
        return ComposeTransformModule(self.parts, cache_size=cache_size)
