"""What a distribution over tensors knows from shapes alone.

A draw has shape ``sample_shape + batch_shape + event_shape``: event dimensions are scored together, batch dimensions
hold independent distributions, sample dimensions hold independent draws of them all.
"""

from collections.abc import Callable, Sequence
from typing import Any

from torch import Size, Tensor

from pyro.distributions.distribution import Distribution
from pyro.distributions.util import broadcast_shape

__all__ = ["Shaped"]


class Shaped(Distribution):
    """Shapes of draws and of batches; stands after a torch distribution among the bases of a class."""

    def __call__(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a value, differentiably where the distribution allows it.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            A tensor of shape ``sample_shape + batch_shape + event_shape``.
        """
        if self.has_rsample:
            return self.rsample(sample_shape)
        return self.sample(sample_shape)  # type: ignore[no-any-return]

    # Provided by the torch class that precedes this one.
    rsample: Callable[..., Tensor]
    support: Any
    arg_constraints: Any

    @property
    def batch_shape(self) -> Size:
        """Shape of independent distributions that may differ."""
        raise NotImplementedError

    @property
    def event_shape(self) -> Size:
        """Shape of a single draw of a single distribution."""
        raise NotImplementedError

    @property
    def event_dim(self) -> int:
        """Number of dimensions of a single draw of a single distribution."""
        return len(self.event_shape)

    @property
    def is_discrete(self) -> bool:
        """Whether the support is discrete."""
        return bool(self.support.is_discrete)

    def shape(self, sample_shape: Sequence[int] = Size()) -> Size:
        """The shape of draws.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            ``sample_shape + batch_shape + event_shape``.
        """
        return Size(sample_shape) + self.batch_shape + self.event_shape

    @classmethod
    def infer_shapes(cls, *args: Any, **arg_shapes: Any) -> tuple[Size, Size]:
        """The batch and event shapes that follow from the shapes of the parameters alone.

        Args:
            *args: shapes of parameters, in the order of ``arg_constraints``.
            **arg_shapes: shapes of parameters by name.

        Returns:
            ``batch_shape`` and ``event_shape``.

        Raises:
            NotImplementedError: if the event shape is not known to be ``()``; such families override this.

        Example:
            >>> import torch
            >>> class Normal(torch.distributions.Normal, Shaped):
            ...     pass
            >>> Normal.infer_shapes(loc=(3, 1), scale=(4,))
            (torch.Size([3, 4]), torch.Size([]))
        """
        if cls.support.event_dim:
            raise NotImplementedError(f"{cls.__name__} must define infer_shapes(), because its event_shape is not ().")
        arg_shapes = dict(zip(cls.arg_constraints, args, strict=False)) | arg_shapes
        batch_shapes = []
        for name, shape in arg_shapes.items():
            constraint = cls.arg_constraints.get(name)
            event_dim = 0 if constraint is None else constraint.event_dim
            batch_shapes.append(tuple(shape[: len(shape) - event_dim]))
        return Size(broadcast_shape(*batch_shapes)), Size()
