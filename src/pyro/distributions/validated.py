"""Cheap checks of a distribution's arguments and values.

:class:`Validated` stands first among a class's bases and checks in place of torch, whose own checks cost several
tensor operations and a wait for the device each. It checks the same constraints and raises the same exception type:

* a one-element CPU tensor is read and compared as a Python number, and a larger one is judged by its extremes, where
  the constraint is an interval. Extremes propagate NaN, and NaN compares false;
* everything else, and everything that seems to fail, is checked by the constraint itself, and the verdict goes to
  :func:`pyro.ops.validation.require`, which keeps that of a device tensor until its owner waits for the device anyhow.
"""

import math
import operator
from collections.abc import Callable
from copy import copy
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.distributions import constraints
from torch.distributions.utils import lazy_property

from pyro.ops.shown_once import warn_once
from pyro.ops.validation import readable, require, unwrapped
from pyro.settings import values

__all__ = ["Validated", "with_checks"]


class _Range(NamedTuple):
    """Checks numbers against a constraint's ``lower_bound`` and ``upper_bound``, where it has them, by comparison.

    Attributes:
        lower: how the least value must compare with the lower bound.
        upper: how the greatest value must compare with the upper bound.
        is_whole: whether values must be whole numbers.
    """

    lower: Callable[[float, float], bool] | None = None
    upper: Callable[[float, float], bool] | None = None
    is_whole: bool = False

    def holds(self, constraint: Any, value: Tensor) -> bool:
        at_least = at_most = 0.0
        if self.lower is not None:
            at_least = _number(constraint.lower_bound)
        if self.upper is not None:
            at_most = _number(constraint.upper_bound)
        if at_least != at_least or at_most != at_most:
            return self._holds_elementwise(constraint, value)
        low, high = self._extremes(value)
        if self.lower is not None and not self.lower(low, at_least):
            return False
        if self.upper is not None and not self.upper(high, at_most):
            return False
        return low == low and (not self.is_whole or _is_whole(value))

    def _holds_elementwise(self, constraint: Any, value: Tensor) -> bool:
        """The same for bounds of several elements: clamping to a closed interval changes nothing inside of it."""
        if self.lower is not operator.ge or self.upper is not operator.le:
            return False
        low, high = constraint.lower_bound, constraint.upper_bound
        if any(isinstance(bound, Tensor) and not readable(bound) for bound in (low, high)):
            return False
        with torch.no_grad():
            clamped = value.clamp(min=low).clamp(max=high)
        if clamped.dtype != value.dtype or not torch.equal(clamped, value):
            return False
        return not self.is_whole or _is_whole(value)

    def _extremes(self, value: Tensor) -> tuple[float, float]:
        if value.numel() == 1:
            number = value.item()
            return number, number
        if self.lower is not None and self.upper is not None:
            lowest, highest = value.aminmax()
            return lowest.item(), highest.item()
        extreme = (value.min() if self.upper is None else value.max()).item()
        return extreme, extreme


def _number(bound: Tensor | float) -> float:
    """A bound as a Python number, or NaN where it is not a single one that may be read."""
    if not isinstance(bound, Tensor):
        return bound
    return bound.item() if bound.numel() == 1 and readable(bound) else math.nan


def _is_whole(value: Tensor) -> bool:
    if not value.is_floating_point():
        return True
    return value.item() % 1 == 0 if value.numel() == 1 else not value.frac().any()  # NaN, of infinity, is true


def _is_in_simplex(constraint: object, value: Tensor) -> bool:
    return value.min().item() >= 0 and (value.sum(-1) - 1).abs().max().item() < 1e-6


def _is_in_lower_cholesky(constraint: object, value: Tensor) -> bool:
    size = value.shape[-1]
    if value.shape[-2:-1] != (size,):
        return False
    row, column = torch.triu_indices(size, size, 1, device=value.device)
    above = value.flatten(-2).index_select(-1, row * size + column)
    return not above.any() and value.diagonal(dim1=-2, dim2=-1).min().item() > 0 and not value.sum().isnan()


_CHEAP_CHECKS: dict[type, Callable[[Any, Tensor], bool]] = {
    type(constraints.real): _Range().holds,
    constraints.greater_than: _Range(lower=operator.gt).holds,
    constraints.greater_than_eq: _Range(lower=operator.ge).holds,
    constraints.less_than: _Range(upper=operator.lt).holds,
    constraints.interval: _Range(operator.ge, operator.le).holds,
    constraints.half_open_interval: _Range(operator.ge, operator.lt).holds,
    type(constraints.nonnegative_integer): _Range(lower=operator.ge, is_whole=True).holds,
    constraints.integer_interval: _Range(operator.ge, operator.le, is_whole=True).holds,
    type(constraints.simplex): _is_in_simplex,
    type(constraints.lower_cholesky): _is_in_lower_cholesky,
}
"""By type of constraint. Each is given a CPU tensor that is not empty; false means only that it is not sure."""

def _is_symmetric(value: Tensor) -> Tensor:
    return ((value - value.mT).abs() <= 1e-6 + 1e-5 * value.mT.abs()).all(-1).all(-1)


def _is_lower_cholesky(value: Tensor) -> Tensor:
    return (value.tril() == value).all(-1).all(-1) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


_BRANCH_FREE: dict[type, Callable[[Tensor], Tensor]] = {
    type(constraints.lower_cholesky): _is_lower_cholesky,
    type(constraints.symmetric): _is_symmetric,
    type(constraints.positive_semidefinite):
        lambda value: _is_symmetric(value) & (torch.linalg.eigvalsh(value) >= 0).all(-1),
    type(constraints.positive_definite):
        lambda value: _is_symmetric(value) & (torch.linalg.cholesky_ex(value).info == 0),
}
"""By type of constraint. Torch's checks of these decide by values what to check next, or lay matrices flat."""


def _verdicts(constraint: Any, value: Tensor) -> Tensor:
    """Which batch elements satisfy a constraint."""
    check = _BRANCH_FREE.get(type(constraint))
    if check is None or value.shape[-2:-1] != value.shape[-1:]:
        return constraint.check(value)  # type: ignore[no-any-return]
    return check(value)


_ZERO_OR_ONE = constraints.integer_interval(0, 1)


def _surely_satisfies(constraint: Any, value: Tensor) -> bool:
    """Whether a tensor is seen to satisfy a constraint at little cost; false means that it is not known."""
    if constraint is constraints.boolean:
        constraint = _ZERO_OR_ONE
    check = _CHEAP_CHECKS.get(type(constraint))
    if check is None:
        return (
            type(constraint) is constraints.independent
            and value.dim() >= constraint.reinterpreted_batch_ndims
            and _surely_satisfies(constraint.base_constraint, value)
        )
    if not value.numel() or not readable(value):
        return False
    return check(constraint, value.detach() if value.requires_grad and value.numel() > 1 else value)


def _found(value: Tensor, ok: Tensor) -> str:
    """Describes the entries of ``value`` that failed a check."""
    with torch.no_grad():
        value, ok = unwrapped(value), unwrapped(ok)
        entries = value[~ok] if ok.shape == value.shape[: ok.dim()] else value.reshape(1, -1)
        shown = ", ".join(str(entry) for entry in entries[:3].tolist())
        more = f", ... ({len(entries)} in all)" if len(entries) > 3 else ""
        hint = " NaN comes from an earlier step that diverged or divided by zero." if entries.isnan().any() else ""
    return f"but found invalid values: {shown}{more}.{hint}"


def _shown(thing: object) -> str:
    """Its text, or its type where ``torch.func.vmap`` hides the numbers in it."""
    try:
        return str(thing)
    except RuntimeError:
        return type(thing).__name__


def with_checks(distribution: Any, validate_args: bool) -> Any:
    """The same distribution, checking values or not; the one given may serve others and stays as it is.

    Args:
        distribution: a distribution; of an Independent one, what it is made of is switched too.
        validate_args: whether to check.

    Returns:
        The distribution, or a shallow copy.
    """
    changes: dict[str, Any] = {}
    if distribution._validate_args != validate_args:
        changes["_validate_args"] = validate_args
    if isinstance(distribution, torch.distributions.Independent):
        base = with_checks(distribution.base_dist, validate_args)
        if base is not distribution.base_dist:
            changes["base_dist"] = base
    if changes:
        distribution = copy(distribution)
        vars(distribution).update(changes)
    return distribution


class Validated(torch.distributions.Distribution):
    """First base of a distribution class, which checks its arguments and values cheaply.

    A class that lists it among its bases states that its ``__init__`` adds nothing to the state that its other bases
    set, so that their ``expand`` serves it too.

    Args:
        *args: passed to the next class's ``__init__``.
        validate_args: whether to check; ``None`` means the process-wide flag.
        **kwargs: passed to the next class's ``__init__``.

    Raises:
        ValueError: if a parameter violates its constraint.

    Example:
        >>> class Normal(Validated, torch.distributions.Normal):
        ...     def __init__(self, loc, scale, validate_args=None):
        ...         super().__init__(loc, scale, validate_args=validate_args)
        >>> Normal(torch.tensor(0.0), torch.tensor(-1.0))
        Traceback (most recent call last):
            ...
        ValueError: Expected parameter scale (Tensor of shape ()) of distribution Normal to satisfy the constraint \
GreaterThan(lower_bound=0.0), but found invalid values: -1.0. Constrain or transform it into that range.
    """

    def __init__(self, *args: Any, validate_args: bool | None = None, **kwargs: Any) -> None:
        if validate_args is None:
            validate_args = values.validate and torch.distributions.Distribution._validate_args
        try:
            self._construct(*args, **kwargs)
        except (RuntimeError, ValueError):
            if validate_args:
                self._explain_failure()
            raise
        self._validate_args = validate_args
        if validate_args:
            self._validate_parameters()

    def _construct(self, *args: Any, **kwargs: Any) -> None:
        """Calls the next class's ``__init__``, with checks off.

        A family replaces it where torch's would build inner distributions that check themselves whatever it is told,
        or that are not ours; then it sets the same state by itself.
        """
        # mypy takes the next class for torch's base class, whose positional arguments are others
        super().__init__(*args, validate_args=False, **kwargs)  # type: ignore[misc]

    def _explain_failure(self) -> None:
        """Raises for a bad parameter among those set so far: it explains best why the construction failed."""
        known = type(self).arg_constraints
        if isinstance(known, dict):  # else they are made of the parameters, which may be missing
            for name in known.keys() & self.__dict__.keys():
                self._check_parameter(name, known[name], self.__dict__[name])

    def _validate_parameters(self) -> None:
        """Checks each parameter against its constraint. Families add here what relates their parameters."""
        for name, constraint in self.arg_constraints.items():
            if name in self.__dict__:
                value = self.__dict__[name]
            elif isinstance(getattr(type(self), name), lazy_property):
                continue  # an alternative parametrization that has not been asked for
            else:
                value = getattr(self, name)
            self._check_parameter(name, constraint, value)

    def _check_parameter(self, name: str, constraint: constraints.Constraint, value: Tensor) -> None:
        if _surely_satisfies(constraint, value) or constraints.is_dependent(constraint):
            return
        ok = _verdicts(constraint, value)
        require(ok, lambda: ValueError(
            f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
            f"{type(self).__name__} to satisfy the constraint {_shown(constraint)}, {_found(value, ok)} Constrain or "
            "transform it into that range."))

    def _validate_sample(self, value: Tensor) -> None:
        """Checks that a value has a shape that can be scored, and that it lies in the support.

        Raises:
            ValueError: if not.
        """
        if not isinstance(value, Tensor):
            raise ValueError(f"Expected the value that {type(self).__name__} scores to be a Tensor, got a "
                             f"{type(value).__name__}. Convert it with torch.tensor().")
        self._validate_value_shape(value.shape)
        try:
            support = self.support
        except NotImplementedError:
            warn_once(f"{type(self).__name__} does not define its `support`, so values cannot be checked. Define it, "
                      "or pass validate_args=False.", stacklevel=3)
            return
        if support is None or _surely_satisfies(support, value) or constraints.is_dependent(support):
            return
        ok = _verdicts(support, value)
        require(ok, lambda: ValueError(
            f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support "
            f"({_shown(support)}) of the distribution {_shown(self)}, {_found(value, ok)} Correct the value, "
            "or choose a distribution whose support it is in."))

    def _validate_value_shape(self, shape: torch.Size) -> None:
        if shape == self._batch_shape and not self._event_shape:
            return
        event_dim = len(self._event_shape)
        if shape[len(shape) - event_dim :] != self._event_shape:
            raise ValueError(f"The right-most size of value must match event_shape: {type(self).__name__} has "
                             f"event_shape {tuple(self._event_shape)}, got a value of shape {tuple(shape)}.")
        batch_shape = shape[: len(shape) - event_dim]
        for got, expected in zip(reversed(batch_shape), reversed(self._batch_shape), strict=False):
            if got != expected and got != 1 and expected != 1:
                raise ValueError("Value is not broadcastable with batch_shape+event_shape: "
                                 f"{type(self).__name__} has batch_shape {tuple(self._batch_shape)} and event_shape "
                                 f"{tuple(self._event_shape)}, got a value of shape {tuple(shape)}. Reshape the value "
                                 "or declare the dimension with to_event or a plate.")

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        """The blank instance that ``expand`` fills in; refused where an ``__init__`` may add state of its own."""
        if _instance is not None:
            return _instance
        owner = next(base for base in type(self).__mro__ if "__init__" in vars(base))
        if owner is not cls and Validated not in owner.__bases__:
            return super()._get_checked_instance(cls, _instance)  # type: ignore[no-untyped-call]
        new = self.__new__(type(self))
        if "has_rsample" in self.__dict__:
            new.has_rsample = self.has_rsample  # what has_rsample_ set for this instance
        return new

    def __repr__(self) -> str:
        text = super().__repr__()
        if not text.endswith("()"):
            return text
        # Parameters that are properties, such as those of a transformed base, are not found by torch.
        names = [name for name in self.arg_constraints if isinstance(getattr(type(self), name, None), property)
                 and not isinstance(getattr(type(self), name), lazy_property)]
        shown = ((name, getattr(self, name)) for name in names)
        return text[:-1] + ", ".join(f"{n}: {v if v.numel() == 1 else v.size()}" for n, v in shown) + ")"
