"""Hidden Markov model with linear dynamics and noise of any kind, which can be drawn but not scored."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.hidden_markov_model import HiddenMarkovModel
from pyro.distributions.linear_shapes import linear_shapes
from pyro.ops.affine_chain import affine_chain

__all__ = ["LinearHMM"]


class LinearHMM(HiddenMarkovModel):
    r"""Linear state space model with noise of any kind, heavy-tailed noise for example.

    .. math::
        z_0 \sim p_0, \quad z_t = z_{t-1} A_t + u_t, \quad x_t = z_t B_t + v_t, \quad t = 1, ..., T

    There is no density: the model serves to draw, and to be reparameterized. The affine maps of all steps are composed
    pairwise, in O(log T) sequential steps.

    Args:
        initial_dist: the distribution of :math:`z_0`, with event shape (H,).
        transition_matrix: :math:`A`, acts on row vectors; shape (H, H), or batch_shape + (T, H, H).
        transition_dist: the distribution of :math:`u`, with event shape (H,) and batch shape () or batch_shape + (T,).
        observation_matrix: :math:`B`, shape (H, O), or batch_shape + (T, H, O).
        observation_dist: the distribution of :math:`v`, with event shape (O,). Where it is transformed, what is added
            is the noise before the transforms, and these apply to the sum.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
        duration: the number T of steps; needed to draw where no parameter tells it.

    Attributes:
        transforms: those of ``observation_dist``.
        observation_dist: the noise before them.

    Shape:
        event_shape is (T, O), with T = 1 where it is not known; the batch shapes broadcast.

    Support:
        series of values of ``observation_dist``.

    Raises:
        ValueError: if the parameters' shapes do not fit.

    Example:
        >>> from pyro.distributions.student_t import StudentT
        >>> shocks = StudentT(2.0, torch.zeros(1), 1.0).to_event(1)
        >>> LinearHMM(shocks, torch.eye(1), shocks, torch.eye(1), shocks, duration=5).sample().shape
        torch.Size([5, 1])
    """

    def __init__(
        self,
        initial_dist: Any,
        transition_matrix: Tensor,
        transition_dist: Any,
        observation_matrix: Tensor,
        observation_dist: Any,
        validate_args: bool | None = None,
        duration: int | None = None,
    ) -> None:
        self.hidden_dim, self.obs_dim = observation_matrix.shape[-2:]
        batch_shape, event_shape = linear_shapes(type(self).__name__, initial_dist, transition_matrix, transition_dist,
                                                 observation_matrix, observation_dist)
        self.initial_dist = initial_dist
        self.transition_matrix = transition_matrix
        self.transition_dist = transition_dist
        self.observation_matrix = observation_matrix
        self.observation_dist, self.transforms = _without_transforms(observation_dist)
        self._value_support = observation_dist.support
        super().__init__(duration, batch_shape, event_shape, validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether draws of all noise are reparameterized."""
        return all(d.has_rsample for d in (self.initial_dist, self.transition_dist, self.observation_dist))

    @constraints.dependent_property
    def support(self) -> constraints.Constraint:
        """Series of values of ``observation_dist``."""
        return constraints.independent(self._value_support, 1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Not available.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError("LinearHMM.log_prob() is not available: the integral over hidden states has no "
                                  "closed form. Reparameterize the site with LinearHMMReparam.")

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws series, with gradients to the parameters.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Series of shape sample_shape + batch_shape + event_shape.

        Raises:
            ValueError: if the number of steps is not known.
        """
        return self._series("rsample", Size(sample_shape))

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws series without gradients; see :meth:`rsample`."""
        with torch.no_grad():
            return self._series("sample", Size(sample_shape))

    def _series(self, method: str, sample_shape: Size) -> Tensor:
        steps = self._known_duration(method)
        batch, along = self.batch_shape, self.batch_shape + (steps,)

        def noise(distribution: Any, shape: Size) -> Tensor:
            drawn: Tensor = getattr(distribution.expand(shape), method)(sample_shape)
            return drawn

        matrix = self.transition_matrix if self.transition_matrix.dim() > 2 else self.transition_matrix[None]
        if matrix.size(-3) > 1:
            matrix = matrix.expand(along + matrix.shape[-2:])
        states = affine_chain(noise(self.initial_dist, batch), matrix, noise(self.transition_dist, along))
        value = (states[..., None, :] @ self.observation_matrix)[..., 0, :] + noise(self.observation_dist, along)
        for transform in self.transforms:
            value = transform(value)
        return value


def _without_transforms(distribution: Any) -> tuple[Any, list[Any]]:
    """Takes the transforms off a distribution of vectors."""
    if isinstance(distribution, torch.distributions.Independent):
        base, transforms = _without_transforms(distribution.base_dist)
        count = distribution.reinterpreted_batch_ndims
        return (base.to_event(count), transforms) if transforms else (distribution, [])
    if isinstance(distribution, torch.distributions.TransformedDistribution):
        base, transforms = _without_transforms(distribution.base_dist)
        return base, [*transforms, *distribution.transforms]
    return distribution, []
