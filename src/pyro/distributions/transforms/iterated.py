"""Several flows of one kind, one after the other."""

from collections.abc import Callable
from typing import Any

from pyro.distributions.conditional import ConditionalComposeTransformModule, ConditionalTransform
from pyro.distributions.torch_transform import ComposeTransformModule

__all__ = ["iterated"]


def iterated(
    repeats: int, base_fn: Callable[..., Any], *args: Any, **kwargs: Any
) -> ComposeTransformModule | ConditionalComposeTransformModule:
    """Makes several transforms, each with its own parameters, and puts them one after the other.

    Args:
        repeats: how many, at least one.
        base_fn: makes one of them.
        *args: passed to ``base_fn``.
        **kwargs: passed to ``base_fn``.

    Returns:
        The transforms together; a conditional transform, if they are conditional.

    Raises:
        AssertionError: if ``repeats`` is less than one.

    Example:
        >>> from pyro.distributions.transforms.planar import planar
        >>> len(list(iterated(3, planar, input_dim=2)))
        3
    """
    if repeats < 1:
        raise AssertionError(f"iterated: expected at least one repetition, got {repeats}.")  # upstream's type
    parts = [base_fn(*args, **kwargs) for _ in range(repeats)]
    if isinstance(parts[0], ConditionalTransform):
        return ConditionalComposeTransformModule(parts)
    return ComposeTransformModule(parts)
