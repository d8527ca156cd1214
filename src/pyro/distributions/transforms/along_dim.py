"""Bases of transforms that work along one dimension, counted from the right."""

from typing import Any

from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.torch_transform import CachedTransform

__all__ = ["AlongDim", "EventFromDim", "check_dim"]


def check_dim(name: str, dim: int, error: type[Exception] = ValueError) -> int:
    """The dimension, which must be counted from the right.

    Args:
        name: of the class that it is an argument of.
        dim: the dimension.
        error: what to raise.
    """
    if not isinstance(dim, int) or dim >= 0:
        raise error(f"{name}: expected a negative 'dim', counted from the right, got {dim!r}.")
    return dim


class EventFromDim:
    """What maps events that have the dimensions from ``dim`` on, which is negative."""

    dim: int

    @constraints.dependent_property(is_discrete=False)
    def domain(self) -> constraints.Constraint:
        """Real tensors with -dim dimensions."""
        return constraints.independent(constraints.real, -self.dim)

    @constraints.dependent_property(is_discrete=False)
    def codomain(self) -> constraints.Constraint:
        """Real tensors with -dim dimensions."""
        return constraints.independent(constraints.real, -self.dim)


class AlongDim(EventFromDim, CachedTransform):
    """A transform along one dimension whose Jacobian has determinant plus or minus one.

    Args:
        dim: the dimension, negative.
        cache_size: how many results to keep, 0 or 1.
    """

    bijective = True
    volume_preserving = True

    def __init__(self, dim: int = -1, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.dim = dim

    def forward_shape(self, shape: tuple[int, ...]) -> Size:
        """The shape of results from that of arguments."""
        if len(shape) < -self.dim:
            raise ValueError(f"{type(self).__name__}: expected at least {-self.dim} dimensions, got the shape "
                             f"{tuple(shape)}, which has too few.")
        return Size(shape)

    def inverse_shape(self, shape: tuple[int, ...]) -> Size:
        """The shape of arguments from that of results."""
        return self.forward_shape(shape)

    def log_abs_det_jacobian(self, x: Tensor, y: Any) -> Tensor:
        """Zero for each event."""
        return x.new_zeros(x.shape[: x.dim() + self.dim])
