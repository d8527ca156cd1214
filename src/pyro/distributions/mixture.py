"""Mixture of two distributions of which a mask chooses one for each batch element."""

from collections.abc import Sequence
from copy import copy
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.feasible import point_of_support
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import broadcast_shape

__all__ = ["MaskedConstraint", "MaskedMixture"]


class MaskedConstraint(constraints.Constraint):
    """One of two constraints, chosen for each element.

    Args:
        mask: boolean; where true, the second constraint holds.
        constraint0: the first.
        constraint1: the second.

    Example:
        >>> mask = torch.tensor([False, True])
        >>> MaskedConstraint(mask, constraints.real, constraints.positive).check(torch.tensor([-1.0, -1.0]))
        tensor([ True, False])
    """

    def __init__(self, mask: Tensor, constraint0: constraints.Constraint, constraint1: constraints.Constraint) -> None:
        self.mask = mask
        self.constraint0 = constraint0
        self.constraint1 = constraint1

    @property
    def event_dim(self) -> int:  # type: ignore[override]  # torch's composed constraints do the same
        """Number of dimensions that one verdict takes together."""
        return max(self.constraint0.event_dim, self.constraint1.event_dim)

    @property
    def is_discrete(self) -> bool:  # type: ignore[override]
        """Whether both sets are discrete."""
        return self.constraint0.is_discrete and self.constraint1.is_discrete

    def check(self, value: Tensor) -> Tensor:
        """Checks each element against its constraint."""
        return torch.where(self.mask, self.constraint1.check(value), self.constraint0.check(value))


class MaskedMixture(TorchDistribution):
    r"""Chooses between two distributions by a mask, for each batch element.

    .. math::
        p(x) = p_0(x)^{1 - m} \, p_1(x)^m, \quad m \in \{0, 1\}

    A component sends no gradient where it is not chosen, whatever the value is.

    Args:
        mask: boolean: where true ``component1``, elsewhere ``component0``.
        component0: a distribution.
        component1: another one of the same event shape.
        validate_args: whether to check values; ``None`` follows the global flag.

    Raises:
        ValueError: if the mask is not boolean or the event shapes differ.

    Shape:
        batch_shape is the broadcast shape of the mask and of the components' batch shapes, event_shape is theirs.

    Support:
        that of the chosen component.

    Example:
        >>> normal, exponential = torch.distributions.Normal(5.0, 1.0), torch.distributions.Exponential(2.0)
        >>> MaskedMixture(torch.tensor([False, True]), normal, exponential).mean
        tensor([5.0000, 0.5000])
    """

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, mask: Tensor, component0: Any, component1: Any, validate_args: bool | None = None) -> None:
        if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
            raise ValueError("MaskedMixture: expected mask to be a boolean tensor, got "
                             f"{mask.dtype if isinstance(mask, Tensor) else type(mask).__name__}. Convert it with "
                             ".bool().")
        if component0.event_shape != component1.event_shape:
            raise ValueError("MaskedMixture: expected components of one event_shape, got "
                             f"{tuple(component0.event_shape)} and {tuple(component1.event_shape)}. Make dimensions "
                             "part of the event with to_event().")
        batch_shape = Size(broadcast_shape(mask.shape, component0.batch_shape, component1.batch_shape))
        self._mask = mask.expand(batch_shape)  # mask is a method
        self.component0, self.component1 = _expanded(component0, batch_shape), _expanded(component1, batch_shape)
        super().__init__(batch_shape, component0.event_shape, validate_args=validate_args)

    @property
    def has_rsample(self) -> bool:
        """Whether draws are differentiable, which they are if both components' are."""
        return bool(self.component0.has_rsample and self.component1.has_rsample)

    @has_rsample.setter
    def has_rsample(self, value: bool) -> None:
        # of copies: those that were given may serve others
        self.component0, self.component1 = copy(self.component0), copy(self.component1)
        self.component0.has_rsample = self.component1.has_rsample = value

    @constraints.dependent_property
    def support(self) -> constraints.Constraint:
        """The support of the chosen component."""
        support0, support1 = self.component0.support, self.component1.support
        return support0 if support0 is support1 else MaskedConstraint(self._mask, support0, support1)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "MaskedMixture":
        """Expands the mask and the components.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        batch_shape = Size(batch_shape)
        return type(self)(self._mask.expand(batch_shape), self.component0.expand(batch_shape),
                          self.component1.expand(batch_shape), validate_args=self._validate_args)

    def _choose(self, first: Tensor, second: Tensor) -> Tensor:
        """From values of shape (...,) + batch_shape + event_shape those of the chosen components."""
        return torch.where(self._mask.reshape(self._mask.shape + (1,) * self.event_dim), second, first)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from both components and chooses, without gradients."""
        return self._choose(self.component0.sample(Size(sample_shape)), self.component1.sample(Size(sample_shape)))

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from both components and chooses, with gradients."""
        return self._choose(self.component0.rsample(Size(sample_shape)), self.component1.rsample(Size(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density under the chosen component.

        Args:
            value: values, of a shape that broadcasts with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        # A component scores a point of its own support where it is not chosen.
        points = [point_of_support(component, value) for component in (self.component0, self.component1)]
        first = value if points[0] is None else self._choose(value, points[0])
        second = value if points[1] is None else self._choose(points[1], value)
        return torch.where(self._mask, self.component1.log_prob(second), self.component0.log_prob(first))

    @property
    def mean(self) -> Tensor:
        """The mean of the chosen component."""
        return self._choose(self.component0.mean, self.component1.mean)

    @property
    def variance(self) -> Tensor:
        """The variance of the chosen component."""
        return self._choose(self.component0.variance, self.component1.variance)


def _expanded(component: Any, batch_shape: Size) -> Any:
    return component if component.batch_shape == batch_shape else component.expand(batch_shape)
