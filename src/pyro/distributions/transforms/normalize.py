"""Projection of vectors onto a sphere."""

from typing import Self

from torch import Tensor
from torch.distributions.transforms import Transform
from torch.nn.functional import normalize

from pyro.distributions import constraints

__all__ = ["Normalize"]


class Normalize(Transform):
    r"""Maps vectors to :math:`y = x / \|x\|_p`. It forgets the length; the inverse of a vector is that vector.

    Args:
        p: order of the norm, not negative.
        cache_size: how many results to keep, 0 or 1.

    Raises:
        ValueError: if the order is negative.

    Example:
        >>> import torch
        >>> Normalize()(torch.tensor([3.0, 4.0]))
        tensor([0.6000, 0.8000])
    """

    domain = constraints.real_vector
    codomain = constraints.sphere

    def __init__(self, p: float = 2, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        if not p >= 0:
            raise ValueError(f"Normalize: expected the order p of a norm, p >= 0, got {p}.")
        self.p = p

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.p == other.p

    def _call(self, x: Tensor) -> Tensor:
        return normalize(x, p=self.p, dim=-1)

    def _inverse(self, y: Tensor) -> Tensor:
        return y

    def with_cache(self, cache_size: int = 1) -> Self:
        """The same transform with another cache size."""
        if self._cache_size == cache_size:
            return self
        return type(self)(self.p, cache_size=cache_size)
