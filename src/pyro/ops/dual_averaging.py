"""Dual averaging: minimisation from noisy subgradients, by which samplers choose their step sizes."""

import math
from typing import Any

__all__ = ["DualAveraging"]


class DualAveraging:
    r"""Minimises a convex function of one number from noisy subgradients :math:`g_1, g_2, \dots`.

    .. math::
        \bar g_t &= \left(1 - \tfrac{1}{t + t_0}\right) \bar g_{t-1} + \tfrac{1}{t + t_0} \, g_t, &
        x_t &= \mu - \frac{\sqrt t}{\gamma} \, \bar g_t, &
        \bar x_t &= (1 - t^{-\kappa}) \, \bar x_{t-1} + t^{-\kappa} x_t

    The iterates :math:`x_t` explore, their average :math:`\bar x_t` converges.

    Args:
        prox_center: :math:`\mu`, which iterates are drawn towards.
        t0: how much the first steps are damped.
        kappa: how fast old iterates are forgotten, above 1/2 and at most 1.
        gamma: how strongly iterates are drawn towards ``prox_center``.

    References:
        Y. Nesterov (2009), *Primal-dual subgradient methods for convex problems*; M. D. Hoffman and A. Gelman (2014),
        *The No-U-Turn sampler*, section 3.2.

    Example:
        >>> average = DualAveraging(gamma=0.5)
        >>> for step in range(1000):
        ...     x_t, x_avg = average.get_state()
        ...     average.step(2 * (x_t - 3.0))  # the slope of (x - 3)^2
        >>> round(average.get_state()[1], 1)
        3.0
    """

    def __init__(self, prox_center: float = 0, t0: float = 10, kappa: float = 0.75, gamma: float = 0.05) -> None:
        self.prox_center = prox_center
        self.t0 = t0
        self.kappa = kappa
        self.gamma = gamma
        self.reset()

    def reset(self) -> None:
        """Forgets all steps."""
        self._t = 0
        self._x_t: Any = self.prox_center
        self._x_avg: Any = 0
        self._g_avg: Any = 0

    def step(self, g: Any) -> None:
        """Takes a step.

        Args:
            g: a subgradient at the last iterate, a number or a tensor.
        """
        self._t += 1
        share = 1 / (self._t + self.t0)
        self._g_avg = (1 - share) * self._g_avg + share * g
        self._x_t = self.prox_center - math.sqrt(self._t) / self.gamma * self._g_avg
        weight = self._t**-self.kappa
        self._x_avg = (1 - weight) * self._x_avg + weight * self._x_t

    def get_state(self) -> tuple[Any, Any]:
        """The last iterate and the average of all."""
        return self._x_t, self._x_avg
