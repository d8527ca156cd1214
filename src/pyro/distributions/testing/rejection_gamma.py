r"""Gamma, Beta and Dirichlet distributions drawn by rejection, to test estimators that combine kinds of gradients.

A standard Gamma variable is :math:`d (1 + c x)^3` for an accepted normal x, :math:`d = \alpha - 1/3`,
:math:`c = 1 / \sqrt{9 d}`. With shape augmentation, one of higher concentration is multiplied by powers of uniform
numbers: the higher the concentration, the more proposals are accepted.

Source: G. Marsaglia, W. W. Tsang (2000), A simple method for generating gamma variables, ACM Transactions on
Mathematical Software 26(3); C. A. Naesseth et al. (2017), https://arxiv.org/abs/1610.05683
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions import constraints
from pyro.distributions.beta import Beta
from pyro.distributions.dirichlet import Dirichlet
from pyro.distributions.gamma import Gamma
from pyro.distributions.rejector import Rejector
from pyro.distributions.score_parts import ScoreParts

__all__ = ["RejectionGamma", "RejectionStandardGamma", "ShapeAugmentedBeta", "ShapeAugmentedDirichlet",
           "ShapeAugmentedGamma"]


class RejectionStandardGamma(Rejector):
    """Gamma distribution of rate one, drawn by rejection from the cube of a normal variable.

    Args:
        concentration: its shape, at least 1.

    Example:
        >>> RejectionStandardGamma(torch.tensor(1.0)).log_prob(torch.tensor(1.0))
        tensor(-1.)
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.positive

    def __init__(self, concentration: Tensor) -> None:
        self.concentration = concentration
        self._d = concentration - 1 / 3
        self._c = (9 * self._d).rsqrt()
        # the density of proposals times the probability of acceptance is a Gamma density times this scale
        log_scale = (concentration.lgamma() + self._d - (concentration - 1) * self._d.log()
                     - (3 * self._d * self._c).log() - math.log(2 * math.pi) / 2)
        super().__init__(self._draw, self._log_accept, log_scale, batch_shape=concentration.shape, event_shape=())

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "RejectionStandardGamma":
        """Expands the concentration."""
        return RejectionStandardGamma(self.concentration.expand(Size(batch_shape)))

    def _draw(self, sample_shape: Size) -> Tensor:
        shape = self._extended_shape(sample_shape)
        noise = torch.randn(shape, dtype=self._c.dtype, device=self._c.device)
        # the few proposals that are not positive go where they are never accepted
        return self._d * (1 + self._c * noise).clamp(min=1e-12) ** 3

    def propose_log_prob(self, value: Tensor) -> Tensor:
        """The log density of a proposal."""
        root = (value / self._d) ** (1 / 3)
        noise = (root - 1) / self._c
        return -noise.square() / 2 - math.log(2 * math.pi) / 2 - (3 * self._d * self._c * root.square()).log()

    def _log_accept(self, value: Tensor) -> Tensor:
        v = value / self._d
        noise = (v ** (1 / 3) - 1) / self._c
        return noise.square() / 2 + self._d * (1 - v + v.log())


class RejectionGamma(Gamma):
    """Gamma distribution, drawn by rejection.

    Args:
        concentration: its shape, at least 1.
        rate: its rate.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
    """

    has_rsample = True

    @property
    def _standard(self) -> RejectionStandardGamma:
        return RejectionStandardGamma(self.concentration)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws values, reparameterized as far as proposals are."""
        return self._standard.rsample(sample_shape) / self.rate

    def score_parts(self, x: Tensor, *args: Any, **kwargs: Any) -> ScoreParts:
        """Leaves what acceptance depends on to the score function."""
        log_prob: Tensor = self.log_prob(x)  # type: ignore[no-untyped-call]
        return ScoreParts(log_prob, self._standard.score_parts(x * self.rate).score_function, log_prob)


class ShapeAugmentedGamma(Gamma):
    """Gamma distribution, drawn by rejection from one of higher concentration.

    The score function of a draw refers to what has been accepted for it, so it is known for the last draws only.

    Args:
        concentration: its shape.
        rate: its rate.
        boost: by how much the concentration is higher, a whole number.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
    """

    has_rsample = True

    def __init__(
        self, concentration: Tensor, rate: Tensor, boost: int = 1, validate_args: bool | None = None
    ) -> None:
        super().__init__(concentration, rate, validate_args=validate_args)
        self._boost = boost
        self._last: tuple[Tensor, Tensor] | None = None

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "ShapeAugmentedGamma":
        """Expands the parameters."""
        concentration, rate = self.concentration.expand(Size(batch_shape)), self.rate.expand(Size(batch_shape))
        return ShapeAugmentedGamma(concentration, rate, self._boost, validate_args=False)

    @property
    def _boosted(self) -> RejectionGamma:
        return RejectionGamma(self.concentration + self._boost, self.rate, validate_args=False)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws values, reparameterized as far as proposals are."""
        boosted = self._boosted.rsample(sample_shape)
        value = boosted
        for i in range(self._boost):
            u = torch.rand_like(boosted).clamp(min=torch.finfo(boosted.dtype).tiny)
            value = value * u ** (1 / (self.concentration + i))
        self._last = (value, boosted)
        return value

    def score_parts(self, x: Tensor, *args: Any, **kwargs: Any) -> ScoreParts:
        """Leaves what acceptance depends on to the score function."""
        if self._last is None or x is not self._last[0]:
            raise ValueError("ShapeAugmentedGamma.score_parts: expected the value that rsample() last returned, got "
                             "another. What was accepted for it is not known.")
        log_prob: Tensor = self.log_prob(x)  # type: ignore[no-untyped-call]
        return ScoreParts(log_prob, self._boosted.score_parts(self._last[1]).score_function, log_prob)


class ShapeAugmentedDirichlet(Dirichlet):
    """Dirichlet distribution, drawn by normalising Gamma variables that are drawn by rejection.

    Args:
        concentration: its shapes.
        boost: by how much those of the Gamma variables are higher.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
    """

    def __init__(self, concentration: Tensor, boost: int = 1, validate_args: bool | None = None) -> None:
        super().__init__(concentration, validate_args=validate_args)
        self._boost = boost

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "ShapeAugmentedDirichlet":
        """Expands the concentration."""
        return ShapeAugmentedDirichlet(self.concentration.expand(Size(batch_shape) + self.event_shape), self._boost,
                                       validate_args=False)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws points of the simplex."""
        gamma = ShapeAugmentedGamma(self.concentration, torch.ones_like(self.concentration), self._boost)
        value = gamma.rsample(sample_shape)
        return value / value.sum(-1, keepdim=True)


class ShapeAugmentedBeta(Beta):
    """Beta distribution, drawn by normalising two Gamma variables that are drawn by rejection.

    Args:
        concentration1: its first shape.
        concentration0: its second shape.
        boost: by how much those of the Gamma variables are higher.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
    """

    def __init__(
        self, concentration1: Tensor, concentration0: Tensor, boost: int = 1, validate_args: bool | None = None
    ) -> None:
        super().__init__(concentration1, concentration0, validate_args=validate_args)
        self._boost = boost

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> "ShapeAugmentedBeta":
        """Expands the parameters."""
        shape = Size(batch_shape)
        return ShapeAugmentedBeta(self.concentration1.expand(shape), self.concentration0.expand(shape), self._boost,
                                  validate_args=False)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws numbers of the unit interval."""
        concentration = torch.stack([self.concentration1, self.concentration0], -1)
        return ShapeAugmentedDirichlet(concentration, self._boost).rsample(sample_shape)[..., 0]
