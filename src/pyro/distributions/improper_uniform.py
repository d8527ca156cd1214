"""Flat density over a support of any size."""

from collections.abc import Sequence
from typing import Any

from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import broadcast_shape

__all__ = ["ImproperUniform"]


class ImproperUniform(TorchDistribution):
    r"""Density that is one over all of a support, so that it need not have a finite integral.

    .. math::
        \log p(x) = 0

    It can be scored but not sampled. It is useful as a prior, and with :func:`pyro.factor` for densities that are
    known up to a constant.

    Args:
        support: the set of values.
        batch_shape: shape of independent values.
        event_shape: shape of one value.

    Shape:
        as given.

    Support:
        as given.

    Raises:
        TypeError: if the support is no constraint.

    Example:
        >>> import torch
        >>> ImproperUniform(constraints.ordered_vector, (), (3,)).log_prob(torch.arange(3.0))
        tensor(0.)
    """

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, support: constraints.Constraint, batch_shape: Sequence[int], event_shape: Sequence[int]) -> None:
        if not isinstance(support, constraints.Constraint):
            raise TypeError(f"ImproperUniform: expected a constraint as support, got a {type(support).__name__}.")
        self._support = support
        super().__init__(Size(batch_shape), Size(event_shape))

    @constraints.dependent_property
    def support(self) -> Any:
        """The set of values."""
        return self._support

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "ImproperUniform":
        """Enlarges the batch."""
        new: ImproperUniform = self._get_checked_instance(ImproperUniform, _instance)
        new._support = self._support
        super(ImproperUniform, new).__init__(Size(batch_shape), self.event_shape)
        return new

    def log_prob(self, value: Tensor) -> Tensor:
        """Zero, for each value."""
        batch_shape = broadcast_shape(tuple(value.shape[: value.dim() - self.event_dim]), tuple(self.batch_shape))
        return value.new_zeros(batch_shape)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Not possible."""
        raise NotImplementedError("ImproperUniform does not support sampling. Replace it by a proper distribution, or "
                                  "condition on its value.")
