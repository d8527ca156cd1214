"""Distribution over nothing, which carries a factor."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import broadcast_shape

__all__ = ["Unit"]


class Unit(TorchDistribution):
    r"""Distribution over the space with a single, empty value, with any mass there.

    .. math::
        \log p(()) = \text{log\_factor}

    It makes a factor out of a sample statement. The empty value has shape ``(0,)``.

    Args:
        log_factor: the log mass.
        has_rsample: whether the factor counts as the result of reparameterized draws; ``None`` leaves it false.
        validate_args: whether to check the factor; ``None`` means the process-wide flag.

    Shape:
        batch_shape is the shape of ``log_factor``, event_shape is (0,).

    Support:
        the empty value.

    Example:
        >>> unit = Unit(torch.tensor(-1.5))
        >>> unit.log_prob(unit.sample())
        tensor(-1.5000)
    """

    arg_constraints = {"log_factor": constraints.real}
    support = constraints.real

    def __init__(
        self, log_factor: Tensor | float, has_rsample: bool | None = None, validate_args: bool | None = None
    ) -> None:
        self.log_factor = torch.as_tensor(log_factor)
        if has_rsample is not None:
            self.has_rsample = has_rsample
        super().__init__(self.log_factor.shape, Size((0,)), validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "Unit":
        """Expands the factor."""
        new: Unit = self._get_checked_instance(Unit, _instance)
        batch_shape = Size(batch_shape)
        new.log_factor = self.log_factor.expand(batch_shape)
        super(Unit, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """The empty value."""
        return self.log_factor.new_empty(self.shape(sample_shape))

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """The empty value."""
        return self.sample(sample_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """The factor, for each value."""
        return self.log_factor.expand(broadcast_shape(tuple(value.shape[:-1]), tuple(self.batch_shape)))
