"""One point of a constraint's set: a value that can be scored safely in place of one that does not count.

Contract: the point lies in the set's interior where it has one, broadcasts with a value of the given event shape,
carries no gradient, and is computed without reading a tensor's values. A discrete constraint has a row in a table. The
point of a continuous one is what its transform makes of zeros.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions import TransformedDistribution, transform_to

from pyro.distributions import constraints
from pyro.distributions.torch_transform import is_one_way

__all__ = ["feasible_point", "point_of_support"]


def _lower_bound(constraint: Any, shape: Size) -> Any:
    return constraint.lower_bound


def _zero(constraint: Any, shape: Size) -> Any:
    return 0


def _first_hot(constraint: Any, shape: Size) -> Any:
    return torch.eye(1, shape[-1])[0]


def _first_counts(constraint: Any, shape: Size) -> Any:
    return _first_hot(constraint, shape) * torch.as_tensor(constraint.upper_bound).unsqueeze(-1)  # one an element


_POINTS: dict[type, Callable[[Any, Size], Any]] = {
    type(constraints.real): _zero,
    type(constraints.boolean): _zero,
    type(constraints.integer): _zero,
    type(constraints.nonnegative_integer): _lower_bound,
    constraints.integer_interval: _lower_bound,
    type(constraints.one_hot): _first_hot,
    type(constraints.sphere): _first_hot,
    constraints.multinomial: _first_counts,
}


def feasible_point(constraint: constraints.Constraint, event_shape: Size, prototype: Tensor) -> Tensor | None:
    """A point that satisfies a constraint.

    Args:
        constraint: any constraint.
        event_shape: shape of the part of a value that the constraint, or more than that, takes as one.
        prototype: gives dtype and device.

    Returns:
        The point, of a shape that broadcasts with ``event_shape``, or ``None`` if none is known.

    Example:
        >>> feasible_point(constraints.simplex, Size([4]), torch.zeros(()))
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    while isinstance(constraint, (constraints.independent, constraints.MixtureSameFamilyConstraint)):
        constraint = constraint.base_constraint
    if constraints.is_dependent(constraint) or isinstance(constraint, (constraints.cat, constraints.stack)):
        return None
    shape = event_shape[len(event_shape) - constraint.event_dim :]
    if type(constraint) in _POINTS:
        point = _POINTS[type(constraint)](constraint, shape)
        return torch.as_tensor(point, dtype=prototype.dtype, device=prototype.device)
    try:
        transform = transform_to(constraint)
    except NotImplementedError:
        return None
    dtype = prototype.dtype if prototype.is_floating_point() else None
    with torch.no_grad():
        zeros = torch.zeros(transform.inverse_shape(shape), dtype=dtype, device=prototype.device)
        return transform(zeros)  # type: ignore[no-any-return]


def point_of_support(distribution: Any, prototype: Tensor) -> Tensor | None:
    """A point that can be scored.

    Args:
        distribution: any distribution. Of one that is made of maps, torch knows the last map's codomain only, and the
            image may be smaller: there the point is the image of one of the base's.
        prototype: gives dtype and device.

    Returns:
        The point, of a shape that broadcasts with draws, or ``None`` if none is known.

    Example:
        >>> from torch.distributions import AffineTransform, ExpTransform, Normal
        >>> fn = TransformedDistribution(Normal(0.0, 1.0), [ExpTransform(), AffineTransform(2.0, 3.0)])
        >>> fn.support, point_of_support(fn, torch.zeros(()))
        (Real(), tensor(5.))
    """
    # a wrapper's support is its base's; a family with parameters of its own, such as bounds, has its own
    while hasattr(distribution, "base_dist") and not hasattr(distribution, "transforms") and (
            not distribution.arg_constraints):
        distribution = distribution.base_dist
    if getattr(type(distribution), "support", None) is not TransformedDistribution.support:
        try:
            return feasible_point(distribution.support, distribution.event_shape, prototype)
        except NotImplementedError:  # it does not say what its support is
            return None
    point = point_of_support(distribution.base_dist, prototype)
    if point is None or any(map(is_one_way, distribution.transforms)):
        return None
    with torch.no_grad():
        point = point.expand(torch.broadcast_shapes(point.shape, distribution.base_dist.event_shape))
        for transform in distribution.transforms:
            point = transform(point)
    return point
