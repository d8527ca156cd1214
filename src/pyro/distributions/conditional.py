"""Distributions and transforms that depend on a context, and become ordinary ones when it is given.

``condition(context)`` of a conditional thing is the thing itself. A transform with parameters that a network computes
from the context is the common case; where there is no dependence, ``Constant...`` stands in.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from torch import nn
from torch.distributions import Distribution
from torch.distributions.transforms import Transform

from pyro.distributions.torch_transform import ComposeTransformModule, clear_cache
from pyro.distributions.transformed_distribution import TransformedDistribution

__all__ = ["ConditionalComposeTransformModule", "ConditionalDistribution", "ConditionalTransform",
           "ConditionalTransformModule", "ConditionalTransformedDistribution", "ConstantConditionalDistribution",
           "ConstantConditionalTransform"]


class ConditionalDistribution(ABC):
    """A distribution that depends on a context."""

    @abstractmethod
    def condition(self, context: Any) -> Any:
        """The distribution given a context.

        Args:
            context: usually a tensor, whose last dimension is the context's own.
        """
        raise NotImplementedError


class ConditionalTransform(ABC):
    """A transform that depends on a context."""

    @abstractmethod
    def condition(self, context: Any) -> Transform:
        """The transform given a context.

        Args:
            context: usually a tensor, whose last dimension is the context's own.
        """
        raise NotImplementedError


class ConditionalTransformModule(ConditionalTransform, nn.Module):
    """A transform that depends on a context, with parameters to be learnt.

    Args:
        *args: passed to :class:`torch.nn.Module`.
        **kwargs: the same.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    @property
    def inv(self) -> "ConditionalTransformModule":
        """The inverse, which depends on the same context."""
        return _ConditionalInverse(self)


class _ConditionalInverse(ConditionalTransformModule):
    """The inverse of a conditional transform."""

    def __init__(self, transform: ConditionalTransformModule) -> None:
        super().__init__()
        self._transform = transform

    @property
    def inv(self) -> ConditionalTransformModule:
        """The transform that this one inverts."""
        return self._transform

    def condition(self, context: Any) -> Transform:
        """The inverse of the transform given a context."""
        return self._transform.condition(context).inv


class ConstantConditionalDistribution(ConditionalDistribution):
    """An ordinary distribution, where a conditional one is expected.

    Args:
        base_dist: the distribution, whatever the context.
    """

    def __init__(self, base_dist: Distribution) -> None:
        super().__init__()
        self.base_dist = base_dist

    def condition(self, context: Any) -> Distribution:
        """The distribution."""
        return self.base_dist


class ConstantConditionalTransform(ConditionalTransform):
    """An ordinary transform, where a conditional one is expected.

    Args:
        transform: the transform, whatever the context.
    """

    def __init__(self, transform: Transform) -> None:
        super().__init__()
        self.transform = transform

    def condition(self, context: Any) -> Transform:
        """The transform."""
        return self.transform

    def clear_cache(self) -> None:
        """Empties the transform's cache."""
        clear_cache(self.transform)


def _conditional(transform: Any) -> ConditionalTransform:
    if isinstance(transform, ConditionalTransform):
        return transform
    if isinstance(transform, Transform):
        return ConstantConditionalTransform(transform)
    # the type that upstream's assertion has
    raise AssertionError(f"Expected a Transform or a ConditionalTransform, got a {type(transform).__name__}.")


class ConditionalComposeTransformModule(ConditionalTransformModule, nn.ModuleList):
    """Transforms one after the other, some or all of which depend on the context.

    Args:
        transforms: conditional and ordinary transforms, the first one first.
        cache_size: how many results the transforms keep, 0 or 1; 0 leaves each as it is.

    Raises:
        AssertionError: if one of them is no transform.
    """

    def __init__(self, transforms: Sequence[Any], cache_size: int = 0) -> None:
        super().__init__()
        self.transforms = [_conditional(transform) for transform in transforms]
        self.extend(transform for transform in transforms if isinstance(transform, nn.Module))
        self.cache_size = cache_size

    def condition(self, context: Any) -> ComposeTransformModule:
        """The transforms given a context, one after the other."""
        return ComposeTransformModule([transform.condition(context) for transform in self.transforms], self.cache_size)


class ConditionalTransformedDistribution(ConditionalDistribution):
    """A draw of one distribution, passed through invertible maps, where all may depend on a context.

    Args:
        base_dist: distribution of what is passed through, conditional or ordinary.
        transforms: the maps, conditional or ordinary, the first one first.

    Raises:
        AssertionError: if one of the maps is no transform.

    Example:
        >>> import torch
        >>> class Shifted(ConditionalTransform):
        ...     def condition(self, context):
        ...         return torch.distributions.transforms.AffineTransform(context, 1.0)
        >>> conditional = ConditionalTransformedDistribution(torch.distributions.Normal(0.0, 1.0), [Shifted()])
        >>> conditional.condition(torch.tensor(3.0)).log_prob(torch.tensor(3.0))
        tensor(-0.9189)
    """

    def __init__(self, base_dist: Any, transforms: Sequence[Any]) -> None:
        self.base_dist: ConditionalDistribution = (
            base_dist if isinstance(base_dist, ConditionalDistribution) else ConstantConditionalDistribution(base_dist))
        self.transforms = [_conditional(transform) for transform in transforms]

    def condition(self, context: Any) -> TransformedDistribution:
        """The distribution given a context."""
        base_dist = self.base_dist.condition(context)
        return TransformedDistribution(base_dist, [transform.condition(context) for transform in self.transforms])

    def clear_cache(self) -> None:
        """Empties the caches of the maps that do not depend on the context; the others are built anew each time."""
        for transform in self.transforms:
            if isinstance(transform, ConstantConditionalTransform):
                transform.clear_cache()
