"""Markov random field in time with Gaussian states and values, made of joint factors instead of conditional ones."""

from typing import Any

from torch import Tensor

from pyro.distributions.gaussian_chain import GaussianChain
from pyro.distributions.linear_shapes import check_event
from pyro.distributions.util import broadcast_shape
from pyro.ops.gaussian import Gaussian, mvn_to_gaussian, sequential_gaussian_tensordot

__all__ = ["GaussianMRF"]


class GaussianMRF(GaussianChain):
    r"""Temporal Markov random field with Gaussian factors of the first state, of neighbours, and of states and values.

    .. math::
        p(x) \propto \int f(z_0) \prod_{t=1}^T g_t(z_{t-1}, z_t)\, h_t(z_t, x_t) \, dz

    Unlike that of a :class:`~pyro.distributions.gaussian_hmm.GaussianHMM` the density needs a normalizer, which takes
    a second contraction in O(log T) sequential steps.

    Args:
        initial_dist: the factor :math:`f`, a ``MultivariateNormal`` or a ``Normal(...).to_event(1)``, with event shape
            (H,).
        transition_dist: the factors :math:`g`, of either kind, with event shape (2 H,) and batch shape () or
            batch_shape + (T,).
        observation_dist: the factors :math:`h`, of either kind, with event shape (H + O,) and batch shape () or
            batch_shape + (T,).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (T, O), with T = 1 where all steps are alike; then values of any length can be scored.

    Support:
        real series.

    Raises:
        ValueError: if the parameters' shapes do not fit.

    References:
        H. Rue, L. Held (2005), Gaussian Markov Random Fields
    """

    def __init__(
        self, initial_dist: Any, transition_dist: Any, observation_dist: Any, validate_args: bool | None = None
    ) -> None:
        (self.hidden_dim,) = initial_dist.event_shape
        self.obs_dim = observation_dist.event_shape[0] - self.hidden_dim
        check_event(type(self).__name__, "transition_dist", transition_dist.event_shape, (2 * self.hidden_dim,))
        check_event(type(self).__name__, "observation_dist", observation_dist.event_shape,
                    (self.hidden_dim + max(self.obs_dim, 1),))
        shape = broadcast_shape((*initial_dist.batch_shape, 1), tuple(transition_dist.batch_shape),
                                tuple(observation_dist.batch_shape))
        self._init = mvn_to_gaussian(initial_dist)
        self._trans = mvn_to_gaussian(transition_dist)
        self._obs = mvn_to_gaussian(observation_dist)
        super().__init__(None, shape[:-1], (shape[-1], self.obs_dim), validate_args)

    def _log_density(self, value: Tensor) -> Tensor:
        given, free = self._given(value), self._free()
        free = free.expand(free.batch_shape[:-1] + value.shape[-2:-1])
        if given.batch_shape == free.batch_shape == self.batch_shape + value.shape[-2:-1]:
            # one contraction of two chains costs less than two of one
            both = Gaussian.cat([given[None], free[None]])
            log_given, log_free = self._log_integral(both).unbind(0)
        else:
            log_given, log_free = self._log_integral(given), self._log_integral(free)
        return log_given - log_free

    def _free(self) -> Gaussian:
        free: Gaussian = self._trans + self._obs.marginalize(right=self.obs_dim).event_pad(left=self.hidden_dim)
        return free

    def _log_integral(self, trans: Gaussian) -> Tensor:
        whole = sequential_gaussian_tensordot(trans) + self._init.event_pad(right=self.hidden_dim)
        integral: Tensor = whole.event_logsumexp()
        return integral
