"""Gaussian random walk: sums of independent normal steps."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.normal import Normal
from pyro.distributions.parametric import Parametric

__all__ = ["GaussianRandomWalk"]


class GaussianRandomWalk(Parametric):
    r"""Gaussian random walk from zero.

    .. math::
        x_t = x_{t-1} + \sigma \epsilon_t, \quad x_0 = 0, \quad t = 1, ..., T

    Args:
        scale: standard deviation :math:`\sigma > 0` of a step.
        num_steps: the number T of steps.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``scale``, event_shape is (T,).

    Support:
        real vectors.

    References:
        J. R. Norris (1997), Markov Chains, ch. 4.4

    Example:
        >>> GaussianRandomWalk(2.0, num_steps=3).variance
        tensor([ 4.,  8., 12.])
    """

    has_rsample = True
    support = constraints.real_vector
    arg_constraints = {"scale": constraints.positive}
    scale: Tensor

    def __init__(
        self, scale: Tensor | float = 1.0, num_steps: int = 1, validate_args: bool | None = None
    ) -> None:
        if num_steps < 1:
            raise ValueError(f"GaussianRandomWalk: num_steps is {num_steps}, expected at least 1.")
        self.num_steps = num_steps
        super().__init__((num_steps,), validate_args=validate_args, scale=scale)

    @property
    def _step(self) -> Normal:
        return Normal(torch.zeros_like(self.scale)[..., None], self.scale[..., None], validate_args=False)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws walks, with gradients to the scale."""
        noise = torch.randn(self.shape(sample_shape), dtype=self.scale.dtype, device=self.scale.device)
        return (noise * self.scale[..., None]).cumsum(-1)

    def _log_density(self, value: Tensor) -> Tensor:
        steps = value.diff(dim=-1, prepend=torch.zeros_like(value[..., :1]))
        log_prob: Tensor = self._step.log_prob(steps)
        return log_prob.sum(-1)

    @property
    def mean(self) -> Tensor:
        """Zero."""
        return self.scale.new_zeros(self.shape())

    @property
    def variance(self) -> Tensor:
        """The variance, which grows linearly in time."""
        time = torch.arange(1, self.num_steps + 1, dtype=self.scale.dtype, device=self.scale.device)
        return self.scale.square()[..., None] * time

    def entropy(self) -> Tensor:
        """The entropy, that of all steps."""
        entropy: Tensor = self._step.entropy()  # type: ignore[no-untyped-call]
        return entropy[..., 0] * self.num_steps
