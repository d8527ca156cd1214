"""What a family needs to be expanded when its parameters are all that its batch depends on.

Contract: a subclass names its tensors in ``arg_constraints``, whose event dimensions say which of a parameter's
dimensions are not batch dimensions, and hands them to ``__init__``, which broadcasts them and sets them as attributes.
Its density it states as ``_log_density``, of values that have been checked.
"""

from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar

import torch
from torch import Size, Tensor

from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import broadcast_shape

__all__ = ["Parametric"]


class Parametric(TorchDistribution):
    """Base class of families that are their parameters.

    Args:
        event_shape: shape of a single draw.
        batch_shape: a shape for the batch to broadcast with, beside the parameters'.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
        **parameters: the parameters by name; numbers take their dtype and device from the first tensor.

    Example:
        >>> from torch.distributions import constraints
        >>> class Point(Parametric):
        ...     arg_constraints = {"x": constraints.real_vector, "y": constraints.real}
        >>> Point(x=torch.zeros(3), y=torch.ones(2)).expand([4, 2]).x.shape
        torch.Size([4, 2, 3])
    """

    _shaped_by: ClassVar[str | None] = None
    """The parameter whose last dimensions are those of a draw, where there is one."""

    def __init__(
        self,
        event_shape: Sequence[int] = Size(),
        batch_shape: Sequence[int] = Size(),
        validate_args: bool | None = None,
        **parameters: Tensor | float,
    ) -> None:
        tensors = _as_tensors(parameters)
        shapes = [tensor.shape[: tensor.dim() - self._parameter_dim(name)] for name, tensor in tensors.items()]
        if batch_shape or not shapes:
            shapes.append(Size(batch_shape))
        batch_shape = Size(broadcast_shape(*shapes))
        self._set_parameters(tensors, batch_shape)
        super().__init__(batch_shape, Size(event_shape), validate_args=validate_args)

    @classmethod
    def infer_shapes(cls, *args: Any, **arg_shapes: Any) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            *args: shapes of parameters in the order of ``arg_constraints``.
            **arg_shapes: shapes of parameters by name.

        Returns:
            batch_shape and event_shape.

        Raises:
            NotImplementedError: if the event shape does not follow from them.
        """
        if cls._shaped_by is None:
            return super().infer_shapes(*args, **arg_shapes)
        support: Any = cls.support
        names: Any = cls.arg_constraints
        shapes = dict(zip(names, args, strict=False)) | arg_shapes
        batch_shapes = [tuple(shape[: len(shape) - cls._parameter_dim(name)]) for name, shape in shapes.items()]
        shape = shapes[cls._shaped_by]
        return Size(broadcast_shape(*batch_shapes)), Size(shape[len(shape) - support.event_dim :])

    @classmethod
    def _parameter_dim(cls, name: str) -> int:
        """The number of dimensions of a parameter that do not belong to the batch; none if it is not constrained."""
        known: dict[str, Any] = cls.arg_constraints  # type: ignore[assignment]  # a table, not a property, in families
        return int(known[name].event_dim) if name in known else 0

    def _set_parameters(self, tensors: dict[str, Tensor], batch_shape: Size) -> None:
        for name, tensor in tensors.items():
            shape = batch_shape + tensor.shape[tensor.dim() - self._parameter_dim(name) :]
            setattr(self, name, tensor if tensor.shape == shape else tensor.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of values, or their log probability.

        Args:
            value: values, of a shape that broadcasts with batch_shape + event_shape.

        Returns:
            A tensor of shape sample_shape + batch_shape.
        """
        if self._validate_args:
            self._validate_sample(value)
        return self._log_density(value)

    def _log_density(self, value: Tensor) -> Tensor:
        """The same of values that have been checked; a subclass states it."""
        raise NotImplementedError(f"{type(self).__name__} has no density.")

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Any:
        """Expands the batch by expanding each parameter.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new = copy(self) if _instance is None else _instance
        vars(new).update(vars(self))
        batch_shape = Size(batch_shape)
        tensors = {name: vars(self)[name] for name in self.arg_constraints if name in vars(self)}
        new._set_parameters(tensors, batch_shape)
        new._batch_shape = batch_shape
        return new


def _as_tensors(parameters: dict[str, Tensor | float]) -> dict[str, Tensor]:
    like = next((p for p in parameters.values() if isinstance(p, Tensor)), None)
    dtype, device = (torch.get_default_dtype(), None) if like is None else (like.dtype, like.device)
    return {name: p if isinstance(p, Tensor) else torch.as_tensor(p, dtype=dtype, device=device)
            for name, p in parameters.items()}
