"""Linear recursion over time."""

from typing import Self

import torch
from torch import Size, Tensor
from torch.distributions.transforms import Transform

from pyro.distributions import constraints

__all__ = ["RecursiveLinearTransform"]


class RecursiveLinearTransform(Transform):
    r"""Maps innovations to the states of a linear recursion, over the dimension before the last.

    .. math::
        y_t = A y_{t-1} + x_t, \qquad \log |\det J| = 0

    All times are computed at once in a number of sweeps that grows with the logarithm of their number: sweep k adds
    :math:`A^{2^k} y_{t - 2^k}`.

    Args:
        transition_matrix: A, shape (..., n, n).
        initial_value: the state :math:`y_0` before the first one, shape (..., n); ``None`` means zero.
        cache_size: how many results to keep, 0 or 1.

    Example:
        >>> RecursiveLinearTransform(torch.eye(1))(torch.ones(4, 1)).squeeze(-1)
        tensor([1., 2., 3., 4.])
    """

    domain = constraints.real_matrix
    codomain = constraints.real_matrix
    bijective = True

    def __init__(self, transition_matrix: Tensor, initial_value: Tensor | None = None, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.transition_matrix = transition_matrix
        self.initial_value = initial_value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RecursiveLinearTransform):
            return False
        mine, theirs = self.initial_value, other.initial_value
        is_same_start = mine is theirs or (mine is not None and theirs is not None and torch.equal(mine, theirs))
        return is_same_start and torch.equal(self.transition_matrix, other.transition_matrix)

    def with_cache(self, cache_size: int = 1) -> Self:
        """The same transform with another cache size."""
        if self._cache_size == cache_size:
            return self
        return type(self)(self.transition_matrix, self.initial_value, cache_size=cache_size)

    def _widened(self, x: Tensor) -> Tensor:
        """The same with the batch dimensions that the matrix and the initial value add."""
        start = Size() if self.initial_value is None else self.initial_value.shape[:-1]
        batch_shape = torch.broadcast_shapes(x.shape[:-2], self.transition_matrix.shape[:-2], start)
        return x.expand(batch_shape + x.shape[-2:])

    def _first(self, x: Tensor) -> Tensor:
        """What the initial value adds to the first state."""
        if self.initial_value is None:
            return torch.zeros_like(x[..., :1, :])
        first: Tensor = self.initial_value.unsqueeze(-2) @ self.transition_matrix.mT
        return first.expand(x[..., :1, :].shape)

    def _call(self, x: Tensor) -> Tensor:
        x = self._widened(x)
        x = torch.cat([x[..., :1, :] + self._first(x), x[..., 1:, :]], -2)
        power, step = self.transition_matrix.mT, 1
        while step < x.shape[-2]:
            x = torch.cat([x[..., :step, :], x[..., step:, :] + x[..., :-step, :] @ power], -2)
            power, step = power @ power, 2 * step
        return x

    def _inverse(self, y: Tensor) -> Tensor:
        y = self._widened(y)
        return y - torch.cat([self._first(y), y[..., :-1, :] @ self.transition_matrix.mT], -2)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the change of volume: zero."""
        return y.new_zeros(y.shape[:-2])
