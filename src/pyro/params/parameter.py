"""One parameter: its leaf tensor, its constraint and the transform between the two; and many, by name.

A parameter with the constraint ``c`` and the value ``x`` is kept as an unconstrained tensor ``u``, the *leaf*, with
``x = transform_to(c)(u)``. Optimisers change ``u``, so ``x`` never leaves the constraint's support. Where the transform
is the identity, as for ``real``, ``x`` is ``u`` itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.distributions import transform_to
from torch.distributions.constraints import Constraint
from torch.distributions.transforms import AffineTransform, ComposeTransform, IndependentTransform, Transform

from pyro.ops.constraint_tags import from_tag
from pyro.ops.validation import is_validation_enabled

__all__ = ["Contents", "Parameter", "Unconstrained", "from_state", "from_value"]


class Unconstrained:
    """The attribute ``unconstrained`` of a parameter's value: a call returns the parameter's leaf tensor.

    A copy or pickle of a value belongs to no parameter, so it carries an empty one. That keeps modules and tensors
    that went through the store fit for ``copy.deepcopy``, ``pickle`` and ``torch.save``.

    Args:
        leaf: the leaf tensor; ``None`` in copies.
    """

    __slots__ = ("_leaf",)

    def __init__(self, leaf: Tensor | None = None) -> None:
        self._leaf = leaf

    def __call__(self) -> Tensor:
        """The leaf tensor.

        Raises:
            RuntimeError: if the tensor this belongs to is a copy.
        """
        if self._leaf is None:
            raise RuntimeError("This tensor is a copy of a parameter's value, so it has no unconstrained value. Ask "
                               "the parameter: pyro.get_param_store()[name].unconstrained().")
        return self._leaf

    def __reduce__(self) -> tuple[type["Unconstrained"], tuple[()]]:
        return Unconstrained, ()


# Unpickling one does nothing, so files of tensors that carry it may be read with weights_only=True.
torch.serialization.add_safe_globals([Unconstrained])


@dataclass(slots=True)
class Parameter:
    """What the store keeps for a name.

    Attributes:
        leaf: the tensor that optimisers change.
        constraint: the value's constraint.
        transform: maps the leaf to the value; ``None`` for the identity.
        unconstrained: the attribute that values get.
        initial_shape: of the initial value that the parameter was created with; ``None`` if it came another way.
    """

    leaf: Tensor
    constraint: Constraint
    transform: Transform | None
    unconstrained: Unconstrained
    initial_shape: torch.Size | None = None

    def value(self) -> Tensor:
        """The constrained value, differentiable with respect to the leaf."""
        if self.transform is None:
            return self.leaf
        value: Tensor = self.transform(self.leaf)
        value.unconstrained = self.unconstrained  # type: ignore[attr-defined]
        return value


@dataclass(slots=True)
class Contents:
    """Parameters by name, and names by the identity of the leaf tensor.

    Attributes:
        parameters: in order of creation.
        names: the latest name of each leaf, by its ``id``; the parameters keep the leaves alive.
    """

    parameters: dict[str, Parameter] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def add(self, name: str, parameter: Parameter) -> Parameter:
        """Adds a parameter and returns it, or the one that another thread has just added."""
        kept = self.parameters.setdefault(name, parameter)
        self.names[id(kept.leaf)] = name
        return kept

    def put(self, name: str, parameter: Parameter) -> None:
        """Adds a parameter, or replaces one in its place."""
        self._forget_leaf(name)
        self.parameters[name] = parameter
        self.names[id(parameter.leaf)] = name

    def drop(self, name: str) -> None:
        """Removes a parameter."""
        self._forget_leaf(name)
        del self.parameters[name]

    def clear(self) -> None:
        """Removes all parameters."""
        self.parameters.clear()
        self.names.clear()

    def _forget_leaf(self, name: str) -> None:
        parameter = self.parameters.get(name)
        if parameter is not None and self.names.get(id(parameter.leaf)) == name:
            del self.names[id(parameter.leaf)]


def from_value(name: str, value: Tensor, constraint: Constraint) -> Parameter:
    """A parameter that starts at a constrained value.

    Args:
        name: the parameter's name, for errors.
        value: the value. Under the identity a contiguous leaf tensor becomes the parameter itself.
        constraint: the value's constraint.

    Raises:
        TypeError: if the value is no tensor.
        RuntimeError: if its dtype has no gradients.
        ValueError: if it is outside the constraint.
        NotImplementedError: if no transform maps into the constraint.
    """
    if not isinstance(value, Tensor):
        raise TypeError(f"Parameter '{name}': expected a tensor as the value, got {value!r} of type "
                        f"{type(value).__name__}. Wrap it in torch.tensor(...).")
    if not (value.is_floating_point() or value.is_complex()):
        raise RuntimeError(f"Parameter '{name}': expected a floating point tensor, which can have gradients, got "
                           f"{value.dtype}. Convert it with .float().")
    transform = _transform(name, constraint)
    with torch.no_grad():
        if is_validation_enabled():
            _check(name, value, constraint, transform)
        leaf: Tensor = value if transform is None else transform.inv(value)
    leaf = (leaf if leaf.is_leaf else leaf.detach()).contiguous().requires_grad_()
    return _parameter(leaf, constraint, transform)


def from_state(name: str, leaf: Tensor, constraint: Constraint | Mapping[str, Any]) -> Parameter:
    """A parameter made of a leaf tensor.

    Args:
        name: the parameter's name, for errors.
        leaf: becomes the parameter's leaf, as it is.
        constraint: the value's constraint, or its tag.

    Raises:
        ValueError: if the arguments are anything else.
        NotImplementedError: if no transform maps into the constraint.
    """
    if isinstance(constraint, Mapping):
        constraint = from_tag(constraint)
    if not isinstance(leaf, Tensor) or not isinstance(constraint, Constraint):
        raise ValueError(f"Parameter '{name}': expected a tensor and a constraint, got a {type(leaf).__name__} and a "
                         f"{type(constraint).__name__}. Pass a state that get_state() returned.")
    return _parameter(leaf, constraint, _transform(name, constraint))


def _parameter(leaf: Tensor, constraint: Constraint, transform: Transform | None) -> Parameter:
    unconstrained = Unconstrained(leaf)
    if transform is None:
        leaf.unconstrained = unconstrained  # type: ignore[attr-defined]
    return Parameter(leaf, constraint, transform, unconstrained)


def _transform(name: str, constraint: Constraint) -> Transform | None:
    """The cheapest map into a constraint: without parts that change nothing, and ``None`` if no part is left."""
    try:
        transform: Transform = transform_to(constraint)
    except NotImplementedError:
        raise NotImplementedError(
            f"Parameter '{name}': no transform is known that maps unconstrained tensors into {constraint}. Choose a "
            "continuous constraint, or register a transform with pyro.distributions.transform_to.register.") from None
    while isinstance(transform, IndependentTransform):  # differs from its base in log-determinants only
        transform = transform.base_transform
    if not isinstance(transform, ComposeTransform):
        return transform
    parts = [part for part in transform.parts if not _changes_nothing(part)]
    if len(parts) > 1:
        return ComposeTransform(parts)
    return parts[0] if parts else None


def _changes_nothing(part: Transform) -> bool:
    """Whether a part maps every tensor to itself. Tensors in it may broadcast, so only numbers count."""
    if not isinstance(part, AffineTransform) or isinstance(part.loc, Tensor) or isinstance(part.scale, Tensor):
        return False
    return part.loc == 0 and part.scale == 1


def _check(name: str, value: Tensor, constraint: Constraint, transform: Transform | None) -> None:
    if value.dim() < constraint.event_dim:
        raise ValueError(f"Parameter '{name}': {constraint} needs {constraint.event_dim} or more dimensions, "
                         f"got a value of shape {tuple(value.shape)}. Reshape it, or choose another constraint.")
    try:
        ok: Tensor = constraint.check(value)
    except NotImplementedError:  # a user's constraint need not know how to check
        return
    if bool(ok.all()) or (transform is not None and _is_rounding(value, transform)):
        return
    batch = value.dim() - constraint.event_dim
    ok = ok.expand(torch.broadcast_shapes(ok.shape, value.shape[:batch]))
    offending = value.expand(ok.shape + value.shape[batch:])[~ok]
    raise ValueError(
        f"Parameter '{name}': the value must satisfy {constraint}, but {offending.shape[0]} of {ok.numel()} entries "
        f"do not, first {offending[:3].tolist()}. Change the value, or give pyro.param another constraint.")


def _is_rounding(value: Tensor, transform: Transform) -> bool:
    """Whether a value fails its constraint by rounding only: a finite leaf gives it back."""
    try:
        leaf = transform.inv(value)
        near = transform(leaf)
    except (RuntimeError, ValueError):  # a Cholesky decomposition may refuse the value
        return False
    if near.shape != value.shape or not bool(leaf.isfinite().all()):
        return False
    return torch.allclose(near, value, rtol=1e-4, atol=1e-6)
