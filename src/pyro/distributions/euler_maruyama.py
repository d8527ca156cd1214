"""Paths of a stochastic differential equation, discretised by the Euler-Maruyama method."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.normal import Normal
from pyro.distributions.torch_distribution import TorchDistribution
from pyro.distributions.util import broadcast_shape, sum_rightmost

__all__ = ["EulerMaruyama"]


class EulerMaruyama(TorchDistribution):
    r"""Paths of :math:`dx = f(x, t)\, dt + g(x, t)\, dW`, with independent noise, on a grid of times.

    .. math::
        x_{k+1} \sim N\left(x_k + f(x_k, t_k) \Delta_k,\; g(x_k, t_k) \sqrt{\Delta_k}\right), \quad
        \Delta_k = t_{k+1} - t_k

    Args:
        t: increasing times, shape batch_shape + (T,).
        sde_fn: returns f and g, given states x and times t. It is called with states of all times and all batch
            elements at once, and with times that have dimensions of size one in place of the event's.
        init_dist: the distribution of the state at the first time.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (T,) + init_dist.event_shape; the batch shapes broadcast.

    Support:
        real.

    References:
        P. E. Kloeden, E. Platen (1992), Numerical Solution of Stochastic Differential Equations, ch. 10.2

    Example:
        >>> decay = lambda x, t: (-x, torch.ones_like(x))
        >>> paths = EulerMaruyama(torch.tensor([0.0, 0.5, 1.0]), decay, Normal(0.0, 1.0))
        >>> paths.log_prob(torch.tensor([1.0, 0.5, 0.25]))
        tensor(-2.5637)
    """

    arg_constraints = {"t": constraints.ordered_vector}

    def __init__(
        self,
        t: Tensor,
        sde_fn: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]],
        init_dist: Any,
        validate_args: bool | None = None,
    ) -> None:
        batch_shape = Size(broadcast_shape(tuple(t.shape[:-1]), tuple(init_dist.batch_shape)))
        self.t, self.sde_fn, self.init_dist = t, sde_fn, init_dist.expand(batch_shape)
        super().__init__(batch_shape, t.shape[-1:] + init_dist.event_shape, validate_args=validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether draws of the first state are reparameterized."""
        return bool(self.init_dist.has_rsample)

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> constraints.Constraint:
        """Real paths."""
        return constraints.independent(constraints.real, self.event_dim)

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "EulerMaruyama":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: EulerMaruyama = self._get_checked_instance(EulerMaruyama, _instance)
        batch_shape = Size(batch_shape)
        new.t, new.sde_fn, new.init_dist = self.t, self.sde_fn, self.init_dist.expand(batch_shape)
        super(EulerMaruyama, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def _transition(self, state: Tensor, time: Tensor, step: Tensor) -> Normal:
        """The distribution of next states."""
        drift, diffusion = self.sde_fn(state, time)
        return Normal(state + drift * step, diffusion * step.sqrt(), validate_args=False)

    def _path(self, sample_shape: Sequence[int], method: str) -> Tensor:
        state: Tensor = getattr(self.init_dist, method)(Size(sample_shape))
        times = self.t.reshape(self.t.shape[:-1] + (1,) * self.init_dist.event_dim + self.t.shape[-1:])
        states = [state]
        for time, step in zip(times[..., :-1].unbind(-1), times.diff(dim=-1).unbind(-1), strict=True):
            state = getattr(self._transition(state, time, step), method)()
            states.append(state)
        return torch.stack(states, -1 - self.init_dist.event_dim)

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws paths without gradients; see :meth:`rsample`."""
        with torch.no_grad():
            return self._path(sample_shape, "sample")

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws paths step by step, with gradients to whatever ``sde_fn`` depends on.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Paths of shape sample_shape + batch_shape + event_shape.
        """
        return self._path(sample_shape, "rsample")

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of paths, all steps at once.

        Args:
            value: paths, broadcastable with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        inner = self.init_dist.event_dim
        times = self.t.reshape(self.t.shape + (1,) * inner)
        axis, count = -1 - inner, self.t.size(-1) - 1
        steps = self._transition(value.narrow(axis, 0, count), times.narrow(axis, 0, count), times.diff(dim=axis))
        transitions = sum_rightmost(steps.log_prob(value.narrow(axis, 1, count)), inner + 1)
        log_prob: Tensor = self.init_dist.log_prob(value.select(axis, 0)) + transitions
        return log_prob
