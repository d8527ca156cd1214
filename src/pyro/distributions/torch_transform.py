"""Bases of transforms that can be learnt: transforms that are modules, and what makes their caches safe.

A cache keeps the last argument and result of a transform, with the graph of their gradients. It is left out when a
transform is copied or pickled, and :func:`clear_cache` empties it.
"""

import copy
from collections.abc import Sequence
from typing import Any, Self

from torch import nn
from torch.distributions.transforms import (
    CatTransform,
    ComposeTransform,
    IndependentTransform,
    StackTransform,
    Transform,
    _InverseTransform,
)

__all__ = ["CachedTransform", "ComposeTransformModule", "TransformModule", "clear_cache"]


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
    """A transform whose copies share its parameters but not its cache."""

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
