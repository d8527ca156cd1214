"""Mixture of distributions of different families."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.feasible import feasible_point
from pyro.distributions.finite_mixture import FiniteMixture
from pyro.distributions.mixture_same_family import MixtureSameFamily
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import broadcast_shape, gather
from pyro.distributions.validated import with_checks

__all__ = ["Mixture", "MixtureGeneral"]


class MixtureGeneral(TorchDistribution, FiniteMixture):
    r"""Mixture whose components are given one by one, of any families.

    .. math::
        p(x) = \sum_k \pi_k \, p_k(x)

    Args:
        mixing_distribution: categorical with the weights :math:`\pi_k`.
        component_distributions: the components, of one event shape; their batch shapes broadcast.
        support: the set of values, where the components' differ; a component has no mass outside its own.
        validate_args: whether to check values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of those of the components and of ``mixing_distribution``; event_shape is
        the components'.

    Support:
        the components', or the one given.

    Raises:
        ValueError: if the number of components is not that of the weights, or they differ in event shape or support.

    References:
        G. McLachlan, D. Peel (2000), Finite Mixture Models.

    Example:
        >>> weights = torch.distributions.Categorical(torch.tensor([0.25, 0.75]))
        >>> normal, laplace = torch.distributions.Normal(0.0, 1.0), torch.distributions.Laplace(4.0, 1.0)
        >>> MixtureGeneral(weights, [normal, laplace]).mean
        tensor(3.)
    """

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(
        self,
        mixing_distribution: torch.distributions.Categorical,
        component_distributions: Sequence[Any],
        support: constraints.Constraint | None = None,
        validate_args: bool | None = None,
    ) -> None:
        components = list(component_distributions)
        _check_components(mixing_distribution, components, support)
        batch_shape = Size(broadcast_shape(
            *(tuple(d.batch_shape) for d in [mixing_distribution, *components])))
        self._support = support
        self._mixing_distribution = mixing_distribution.expand(batch_shape)
        self.component_distributions = [with_checks(d, False).expand(batch_shape) for d in components]
        super().__init__(batch_shape, components[0].event_shape, validate_args=validate_args)

    def expand(self, batch_shape: Sequence[int], _instance: "MixtureGeneral | None" = None) -> "MixtureGeneral":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: MixtureGeneral = self._get_checked_instance(MixtureGeneral, _instance)
        batch_shape = Size(batch_shape)
        new._support = self._support
        new._mixing_distribution = self.mixing_distribution.expand(batch_shape)
        new.component_distributions = [d.expand(batch_shape) for d in self.component_distributions]
        super(MixtureGeneral, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @constraints.dependent_property
    def support(self) -> Any:
        """The set of values."""
        return self.component_distributions[0].support if self._support is None else self._support

    @property
    def mixing_distribution(self) -> Any:
        """The categorical distribution of which component a draw comes from."""
        return self._mixing_distribution

    def _stacked(self, of: Callable[[Any], Tensor], event_dim: int) -> Tensor:
        """Something of every component, along a new dimension left of the event."""
        return torch.stack([of(component) for component in self.component_distributions], -event_dim - 1)

    @property
    def component_mean(self) -> Tensor:
        """The means of the components."""
        return self._stacked(lambda component: component.mean, self.event_dim)

    @property
    def component_variance(self) -> Tensor:
        """The variances of the components."""
        return self._stacked(lambda component: component.variance, self.event_dim)

    def component_sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a value from each component."""
        return self._stacked(lambda component: component.sample(Size(sample_shape)), self.event_dim)

    def component_cdf(self, value: Tensor) -> Tensor:
        """The cdf of each component, along a new last dimension."""
        return self._stacked(lambda component: self._accumulate(component, value), 0)

    def component_log_density(self, value: Tensor) -> Tensor:
        """The log density of each component, along a new last dimension."""
        return self._stacked(lambda component: self._score(component, value), 0)

    def _inside(self, component: Any, value: Tensor) -> tuple[Tensor, Tensor | None, Tensor]:
        """Which values a component can have, one of those, and the values with that one in place of the others."""
        is_inside: Tensor = component.support.check(value)
        point = feasible_point(component.support, self.event_shape, value)
        if point is None:
            return is_inside, None, value
        return is_inside, point, torch.where(is_inside.reshape(is_inside.shape + (1,) * self.event_dim), value, point)

    def _score(self, component: Any, value: Tensor) -> Tensor:
        """The log density of a component, which has none outside its support."""
        if self._support is None:
            return component.log_prob(value)  # type: ignore[no-any-return]
        is_inside, _, value = self._inside(component, value)
        return torch.where(is_inside, component.log_prob(value), -torch.inf)

    def _accumulate(self, component: Any, value: Tensor) -> Tensor:
        """The cdf of a component, zero to the left of its support and one to the right."""
        if self._support is None:
            return component.cdf(value)  # type: ignore[no-any-return]
        is_inside, point, inside = self._inside(component, value)
        cdf: Tensor = component.cdf(inside)
        return cdf if point is None else torch.where(is_inside, cdf, (value > point).to(cdf.dtype))

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from every component and keeps one of the draws."""
        with torch.no_grad():
            value = self.component_sample(sample_shape)
            index: Tensor = self.mixing_distribution.sample(Size(sample_shape))
            index = index.reshape(index.shape + (1,) * (self.event_dim + 1))
            return gather(value, index, self.mixture_dim).squeeze(self.mixture_dim)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of values, of shape (..., *event_shape)."""
        if self._validate_args:
            self._validate_sample(value)
        return torch.logsumexp(self.component_log_probs(value), -1)

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of at most the value."""
        if self._validate_args:
            self._validate_sample(value)
        weights: Tensor = self.mixing_distribution.probs
        return (weights * self.component_cdf(value)).sum(-1)

    @property
    def mean(self) -> Tensor:
        """The mean: the components' means, weighted."""
        return (self._weights() * self.component_mean).sum(self.mixture_dim)

    @property
    def variance(self) -> Tensor:
        """The variance: the weighted variances and the variance of the means."""
        deviation = self.component_mean - self.mean.unsqueeze(self.mixture_dim)
        return (self._weights() * (self.component_variance + deviation.square())).sum(self.mixture_dim)


def _check_components(mixing: Any, components: list[Any], support: constraints.Constraint | None) -> None:
    if not isinstance(mixing, torch.distributions.Categorical):
        raise ValueError(f"MixtureGeneral: expected mixing_distribution to be a Categorical, got {mixing}.")
    size = mixing.probs.shape[-1]
    if len(components) != size:
        raise ValueError("MixtureGeneral: expected as many component_distributions as mixing_distribution has "
                         f"weights, {size}, got {len(components)}.")
    if len({tuple(component.event_shape) for component in components}) > 1:
        raise ValueError("MixtureGeneral: expected components of one event_shape, got "
                         f"{[tuple(component.event_shape) for component in components]}.")
    if support is None and len({_described(component.support) for component in components}) > 1:
        raise ValueError("MixtureGeneral: expected components with the same support, got "
                         f"{[str(component.support) for component in components]}. Give their union as support.")


def _described(support: Any) -> tuple[str, int]:
    """What tells supports apart, whether dimensions were grouped in one step or in several."""
    event_dim = support.event_dim
    while isinstance(support, constraints.independent):
        support = support.base_constraint
    return str(support), event_dim


def Mixture(
    mixing_distribution: torch.distributions.Categorical,
    component_distributions: Any,
    validate_args: bool | None = None,
) -> MixtureGeneral | MixtureSameFamily:
    """Builds a mixture from a list of components, or from one distribution with components in its last batch dimension.

    Args:
        mixing_distribution: categorical with the weights.
        component_distributions: the components.
        validate_args: whether to check values; ``None`` follows the global flag.

    Returns:
        The mixture.

    Example:
        >>> weights = torch.distributions.Categorical(torch.tensor([0.25, 0.75]))
        >>> Mixture(weights, torch.distributions.Normal(torch.tensor([0.0, 4.0]), 1.0)).mean
        tensor(3.)
    """
    if isinstance(component_distributions, (list, tuple)):
        return MixtureGeneral(mixing_distribution, component_distributions, validate_args=validate_args)
    return MixtureSameFamily(mixing_distribution, component_distributions, validate_args=validate_args)
