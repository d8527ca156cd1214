"""Transform between vectors and nested values."""

from collections.abc import Callable, Sequence
from typing import Any, Self

from torch import Size, Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints

__all__ = ["UnpackTransform"]


class UnpackTransform(Transform):
    """Maps vectors to whatever a function makes of them, such as a dictionary of their parts.

    Args:
        unpack_fn: the function, one to one, which does not change volumes.
        pack_fn: its inverse; without it there is none.
        cache_size: how many results to keep, 0 or 1.

    Example:
        >>> import torch
        >>> UnpackTransform(lambda x: {"loc": x[0], "scale": x[1]})(torch.tensor([3.0, 1.0]))
        {'loc': tensor(3.), 'scale': tensor(1.)}
    """

    domain = constraints.real_vector
    codomain = constraints.dependent
    bijective = True

    def __init__(
        self, unpack_fn: Callable[[Tensor], Any], pack_fn: Callable[[Any], Tensor] | None = None, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size=cache_size)
        self.unpack_fn = unpack_fn
        self.pack_fn = pack_fn

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, UnpackTransform) and self.unpack_fn is other.unpack_fn
                and self.pack_fn is other.pack_fn)

    def with_cache(self, cache_size: int = 1) -> Self:
        """The same transform with another cache size."""
        if self._cache_size == cache_size:
            return self
        return type(self)(self.unpack_fn, self.pack_fn, cache_size=cache_size)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """Not known: values may be nested."""
        raise NotImplementedError("UnpackTransform: values may be nested, so they have no single shape.")

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        """Not known: values may be nested."""
        return self.forward_shape(shape)

    def _call(self, x: Tensor) -> Any:
        return self.unpack_fn(x)

    def _inverse(self, y: Any) -> Tensor:
        if self.pack_fn is None:
            raise NotImplementedError("UnpackTransform: there is no inverse without pack_fn. Give the function that "
                                      "makes a vector of a value.")
        return self.pack_fn(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Any) -> Tensor:
        """Logarithm of the change of volume: zero."""
        return x.new_zeros(x.shape[:-1])
