"""A change of order."""

import torch
from torch import Tensor
from torch.distributions.utils import lazy_property

from pyro.distributions.transforms.along_dim import AlongDim, check_dim

__all__ = ["Permute", "permute"]


class Permute(AlongDim):
    r"""Reorders the elements along a dimension, :math:`y_i = x_{\pi(i)}`.

    Between two flows, it lets each act on other variables.

    Args:
        permutation: the indices, each once.
        dim: the dimension, negative.
        cache_size: how many results to keep, 0 or 1.

    Raises:
        ValueError: if ``dim`` is not negative.

    Example:
        >>> Permute(torch.tensor([2, 0, 1]))(torch.tensor([10.0, 11.0, 12.0]))
        tensor([12., 10., 11.])
    """

    def __init__(self, permutation: Tensor, *, dim: int = -1, cache_size: int = 1) -> None:
        super().__init__(check_dim("Permute", dim), cache_size)
        self.permutation = permutation

    def __eq__(self, other: object) -> bool:
        return (isinstance(other, Permute) and self.dim == other.dim
                and torch.equal(self.permutation, other.permutation))

    @lazy_property
    def inv_permutation(self) -> Tensor:
        """The permutation that restores the order."""
        return torch.argsort(self.permutation)

    def _call(self, x: Tensor) -> Tensor:
        return x.index_select(self.dim, self.permutation)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.index_select(self.dim, self.inv_permutation)


def permute(input_dim: int, permutation: Tensor | None = None, dim: int = -1) -> Permute:
    """A :class:`Permute`.

    Args:
        input_dim: size of the dimension.
        permutation: the indices; drawn at random by default.
        dim: the dimension, negative.

    Returns:
        The transform.
    """
    return Permute(torch.randperm(input_dim) if permutation is None else permutation, dim=dim)
