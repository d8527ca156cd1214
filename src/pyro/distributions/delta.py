"""Point mass."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import broadcast_shape

__all__ = ["Delta"]


class Delta(TorchDistribution):
    r"""Point mass at ``v``, of any density there.

    .. math::
        \log p(x) = \text{log\_density if } x = v \text{ else } -\infty

    The density is not a normalized one: it carries the log density of a value that was drawn elsewhere.

    Args:
        v: the point.
        log_density: log density at the point, 0 by default.
        event_dim: number of rightmost dimensions of ``v`` that form the event.
        validate_args: whether to check parameters and values; ``None`` means the process-wide flag.

    Shape:
        ``v``: batch_shape + event_shape; ``log_density``: batch_shape. The two batch shapes broadcast.

    Support:
        the real numbers, as far as a check is concerned.

    Raises:
        ValueError: if ``v`` has fewer than ``event_dim`` dimensions, or if the batch shapes do not broadcast.

    Example:
        >>> Delta(torch.tensor([1.0, 2.0]), event_dim=1).log_prob(torch.tensor([1.0, 2.0]))
        tensor(0.)
    """

    has_rsample = True
    arg_constraints = {"v": constraints.dependent, "log_density": constraints.real}

    def __init__(
        self,
        v: Tensor,
        log_density: Tensor | float = 0.0,
        event_dim: int = 0,
        validate_args: bool | None = None,
    ) -> None:
        if event_dim > v.dim():
            raise ValueError(f"Delta: expected event_dim <= v.dim(), got event_dim {event_dim} and v of shape "
                             f"{tuple(v.shape)}.")
        split = v.dim() - event_dim
        batch_shape, event_shape = v.shape[:split], v.shape[split:]
        if isinstance(log_density, Tensor):
            batch_shape = Size(broadcast_shape(tuple(batch_shape), tuple(log_density.shape)))
            v = v.expand(batch_shape + event_shape) if v.shape != batch_shape + event_shape else v
            self.log_density = log_density.expand(batch_shape) if log_density.shape != batch_shape else log_density
        else:
            dtype = v.dtype if v.is_floating_point() else None
            self.log_density = torch.full(batch_shape, log_density, dtype=dtype, device=v.device)
        self.v = v
        super().__init__(batch_shape, event_shape, validate_args=validate_args)

    @constraints.dependent_property
    def support(self) -> Any:
        """Real numbers."""
        return constraints.independent(constraints.real, self.event_dim)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "Delta":
        """Expands the point and its density."""
        new: Delta = self._get_checked_instance(Delta, _instance)
        batch_shape = Size(batch_shape)
        new.v = self.v.expand(batch_shape + self.event_shape)
        new.log_density = self.log_density.expand(batch_shape)
        super(Delta, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """The point, repeated."""
        return self.v.expand(self.shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """``log_density`` where the value is the point, minus infinity elsewhere."""
        if self._validate_args:
            self._validate_sample(value)
        differs = value != self.v
        if self.event_dim:
            differs = differs.flatten(-self.event_dim).any(-1)
        return self.log_density.masked_fill(differs, -torch.inf)

    @property
    def mean(self) -> Tensor:
        """The point."""
        return self.v

    @property
    def variance(self) -> Tensor:
        """Zero."""
        return torch.zeros_like(self.v)
