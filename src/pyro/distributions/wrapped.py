"""Base of families made of another univariate distribution and parameters: construction and expansion, written once.

Contract: a subclass names its parameters in ``arg_constraints`` and hands them on by name; each becomes an attribute of
the batch shape, with the dtype and the device of the distribution that is wrapped.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Size, Tensor

from pyro.distributions.parametric import Parametric

__all__ = ["Wrapped"]


class Wrapped(Parametric):
    """Univariate family made of another one.

    Args:
        base_dist: a distribution of event_shape ().
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
        **parameters: numbers or tensors that broadcast with the batch shape.

    Raises:
        ValueError: if the events of ``base_dist`` have dimensions.
    """

    base_dist: Any
    _own_event_shape: ClassVar[Size] = Size()

    def __init__(self, base_dist: Any, *, validate_args: bool | None = None, **parameters: Tensor | float) -> None:
        if base_dist.event_shape:
            raise ValueError(f"{type(self).__name__}: expected a univariate base_dist, got event_shape "
                             f"{tuple(base_dist.event_shape)}. Call to_event on what is built of it instead.")
        prototype = _first_tensor(base_dist)
        tensors = {name: parameter.to(prototype) if isinstance(parameter, Tensor) else prototype.new_tensor(parameter)
                   for name, parameter in parameters.items()}
        self.base_dist = base_dist  # what is checked may depend on it
        super().__init__(self._own_event_shape, base_dist.batch_shape, validate_args, **tensors)
        self.base_dist = base_dist if base_dist.batch_shape == self.batch_shape else base_dist.expand(self.batch_shape)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        """Expands the base and the parameters.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new = super().expand(batch_shape, _instance)
        new.base_dist = self.base_dist.expand(Size(batch_shape))
        return new


def _first_tensor(d: Any) -> Tensor:
    """A parameter of a distribution, or of the one that it is made of, for its dtype and device."""
    found = (value for value in vars(d).values() if isinstance(value, Tensor) and value.is_floating_point())
    tensor = next(found, None)
    if tensor is not None:
        return tensor
    return _first_tensor(d.base_dist) if hasattr(d, "base_dist") else torch.empty(())
