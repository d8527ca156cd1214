"""Skewed distributions of angles, from symmetric ones."""

import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.ops.validation import readable

__all__ = ["SineSkewed"]


class SineSkewed(Parametric):
    r"""Skews a distribution of one or more angles that is symmetric about its mean.

    .. math::
        p(x) = p_0(x) \left(1 + \sum_i \lambda_i \sin(x_i - \mu_i)\right)

    Args:
        base_dist: the symmetric distribution :math:`p_0`, with a ``mean`` :math:`\mu` and event_shape (D,); use
            ``to_event(1)`` for a univariate one.
        skewness: the weights :math:`\lambda`, of which the absolute values add up to at most one, shape
            batch_shape + (D,).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``base_dist``, broadcast with the weights', event_shape is (D,).

    Support:
        vectors of angles; samples lie between -pi and pi, any real numbers are accepted.

    References:
        J. Ameijeiras-Alonso, C. Ley (2021), Sine-skewed toroidal distributions and their application in protein
        bioinformatics, Biostatistics 23(3).

    Example:
        >>> from pyro.distributions.uniform import Uniform
        >>> flat = Uniform(-math.pi, math.pi * torch.ones(1)).to_event(1)
        >>> SineSkewed(flat, torch.tensor([0.5])).log_prob(torch.tensor([math.pi / 2])).exp()  # 1.5 / (2 pi)
        tensor(0.2387)
    """

    arg_constraints = {"skewness": constraints.independent(constraints.interval(-1.0, 1.0), 1)}
    support = constraints.real_vector
    skewness: Tensor

    def __init__(self, base_dist: Any, skewness: Tensor, validate_args: bool | None = None) -> None:
        if base_dist.event_shape != skewness.shape[-1:]:
            raise AssertionError("SineSkewed: expected skewness to have one weight for each angle of base_dist, whose "
                                 f"event_shape is {tuple(base_dist.event_shape)}, got shape {tuple(skewness.shape)}. "
                                 "Make the angles of base_dist one event with to_event(1).")
        super().__init__(base_dist.event_shape, base_dist.batch_shape, skewness=skewness, validate_args=validate_args)
        self.base_dist = base_dist.expand(self.batch_shape)
        if self._validate_args and readable(skewness) and (skewness.abs().sum(-1) > 1 + 1e-6).any():
            warnings.warn("SineSkewed: the absolute values of skewness add up to more than one, so the density is "
                          "negative somewhere. Scale them down.", UserWarning, stacklevel=2)

    def __repr__(self) -> str:
        return f"SineSkewed(base_dist: {self.base_dist}, skewness: {tuple(self.skewness.shape)})"

    def expand(self, batch_shape: Sequence[int], _instance: "SineSkewed | None" = None) -> "SineSkewed":
        """Expands the base and the weights.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: SineSkewed = super().expand(batch_shape, _instance)
        new.base_dist = self.base_dist.expand(Size(batch_shape))
        return new

    def _tilt(self, value: Tensor) -> Tensor:
        result: Tensor = (self.skewness * (value - self.base_dist.mean).sin()).sum(-1)
        return result

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws from the base, and reflects draws about the mean so that the heavier side has more of them.

        Args:
            sample_shape: shape of independent draws.

        Returns:
            Angles of shape sample_shape + batch_shape + event_shape.
        """
        value = self.base_dist.sample(Size(sample_shape))
        tilt = self._tilt(value)
        is_kept = 2 * torch.rand_like(tilt) < 1 + tilt
        value = torch.where(is_kept.unsqueeze(-1), value, 2 * self.base_dist.mean - value)
        return (value + math.pi) % (2 * math.pi) - math.pi

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of angles.

        Args:
            value: vectors, of a shape that broadcasts with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        log_prob: Tensor = self.base_dist.log_prob(value)
        return log_prob + torch.log1p(self._tilt(value))
