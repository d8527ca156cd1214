"""Hidden Markov model with Gaussian states and values, which depend linearly on states."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.distributions.distribution import Distribution
from pyro.distributions.gaussian_chain import GaussianChain
from pyro.distributions.linear_shapes import check_event, linear_shapes
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.ops.gaussian import (
    Gaussian,
    matrix_and_mvn_to_gaussian,
    mvn_to_gaussian,
    sequential_gaussian_filter_sample,
    sequential_gaussian_tensordot,
)
from pyro.ops.tensor_utils import cholesky_solve, safe_cholesky

__all__ = ["GaussianHMM"]


class GaussianHMM(GaussianChain):
    r"""Linear Gaussian state space model, the model of the Kalman filter.

    .. math::
        z_0 \sim N_0, \quad z_t = z_{t-1} A_t + u_t, \quad x_t = z_t B_t + v_t, \quad t = 1, ..., T

    The factors of all steps are contracted pairwise, in O(log T) sequential steps.

    Args:
        initial_dist: the distribution of :math:`z_0`, a ``MultivariateNormal`` or a ``Normal(...).to_event(1)``, with
            event shape (H,).
        transition_matrix: :math:`A`, acts on row vectors; shape (H, H), or batch_shape + (T, H, H).
        transition_dist: the distribution of :math:`u`, of either kind; batch shape () or batch_shape + (T,).
        observation_matrix: :math:`B`, shape (H, O), or batch_shape + (T, H, O).
        observation_dist: the distribution of :math:`v`, of either kind, with event shape (O,). Independent noise, as
            ``Normal(...).to_event(1)``, is faster.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
        duration: the number T of steps; needed to draw where no parameter tells it.

    Shape:
        event_shape is (T, O), with T = 1 where it is not known; the batch shapes broadcast.

    Support:
        real series.

    Raises:
        ValueError: if the parameters' shapes do not fit.

    References:
        Simo Särkkä, Ángel F. García-Fernández (2021), "Temporal parallelization of Bayesian smoothers"

    Example:
        >>> from pyro.distributions.normal import Normal
        >>> walk, noise = Normal(torch.zeros(1), 0.1).to_event(1), Normal(torch.zeros(1), 1.0).to_event(1)
        >>> hmm = GaussianHMM(noise, torch.eye(1), walk, torch.eye(1), noise)
        >>> hmm.filter(torch.ones(50, 1)).mean
        tensor([0.9988])
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
        self._init = mvn_to_gaussian(initial_dist)
        self._trans = matrix_and_mvn_to_gaussian(transition_matrix, transition_dist)
        self._obs = matrix_and_mvn_to_gaussian(observation_matrix, observation_dist)
        self._is_normalized = True
        super().__init__(duration, batch_shape, event_shape, validate_args)

    def _log_density(self, value: Tensor) -> Tensor:
        return self._ends(self._given(value)).event_logsumexp()

    def _ends(self, trans: Gaussian) -> Gaussian:
        """The factor of the first and the last hidden state."""
        ends: Gaussian = sequential_gaussian_tensordot(_as_chain(trans)) + self._init.event_pad(right=self.hidden_dim)
        return ends

    def _last(self, value: Tensor) -> Gaussian:
        """The factor of the last hidden state, given a series."""
        last = self._ends(self._given(value)).marginalize(left=self.hidden_dim)
        return last.expand(self._full_batch(last.batch_shape))

    def filter(self, value: Tensor) -> MultivariateNormal:
        """The distribution of the last hidden state, given a series.

        Args:
            value: series, broadcastable with batch_shape + event_shape.

        Returns:
            The distribution.
        """
        if self._validate_args:
            self._validate_sample(value)
        last = self._last(value)
        loc = cholesky_solve(last.info_vec[..., None], safe_cholesky(last.precision))[..., 0]
        return MultivariateNormal(loc, precision_matrix=last.precision, validate_args=self._validate_args)

    def prefix_condition(self, data: Tensor) -> "GaussianHMM":
        """The distribution of the rest of a series, given its first steps.

        Args:
            data: values of the first t steps, t < T; shape batch_shape + (t, O).

        Returns:
            A distribution with event shape (T - t, O).

        Raises:
            ValueError: if the duration is not known or too short.
        """
        duration, steps = self._known_duration("prefix_condition"), data.size(-2)
        if not steps < duration:
            raise ValueError(f"prefix_condition: data has {steps} time steps, expected fewer than the duration, "
                             f"{duration}.")
        start, rest = self._steps(slice(None, steps)), self._steps(slice(steps, None))
        init = start._last(data)
        init = init - init.event_logsumexp()
        rest = rest._changed(_init=init, _duration=duration - steps, _batch_shape=self._full_batch(init.batch_shape),
                             _event_shape=Size((duration - steps, self.obs_dim)))
        if not self._is_normalized:
            rest._init = init - rest._log_total()
        return rest

    def _steps(self, steps: slice) -> "GaussianHMM":
        """Takes the parameters of some steps."""
        kept = {name: part[..., steps] if part.batch_shape[-1:] not in ((), (1,)) else part
                for name, part in (("_trans", self._trans), ("_obs", self._obs))}
        return self._changed(**kept)

    def _log_total(self) -> Tensor:
        """The logarithm of the integral over all values and states."""
        noise_free = self._obs.marginalize(right=self.obs_dim).event_pad(left=self.hidden_dim)
        total: Tensor = self._ends(self._trans + noise_free).event_logsumexp()
        return total

    def conjugate_update(self, other: Distribution) -> "tuple[GaussianHMM, Tensor]":
        """Fuses a normal likelihood of the values; see :meth:`Distribution.conjugate_update`.

        Args:
            other: a ``Normal(...).to_event(2)`` or a ``MultivariateNormal(...).to_event(1)``, of the same event shape.

        Returns:
            The updated distribution and the log normalizer.

        Raises:
            TypeError: for a distribution of another kind.
        """
        if not isinstance(other, torch.distributions.Independent) or not isinstance(
                other.base_dist, torch.distributions.Normal | torch.distributions.MultivariateNormal):
            raise TypeError("GaussianHMM.conjugate_update: expected a Normal(...).to_event(2) or a "
                            f"MultivariateNormal(...).to_event(1), got a {type(other).__name__}.")
        expected = (self.event_shape if self.duration is None else (self.duration, self.obs_dim))
        check_event("GaussianHMM.conjugate_update", "the likelihood", other.event_shape[-2:], expected)
        likelihood = mvn_to_gaussian(other.to_event(-1))  # type: ignore[attr-defined]  # ours are TorchDistributions
        new = self._changed(
            _obs=self._obs + likelihood.event_pad(left=self.hidden_dim), _is_normalized=False,
            _batch_shape=self._full_batch(likelihood.batch_shape[:-1]))
        log_normalizer = new._log_total().expand(new.batch_shape)
        new._init = new._init - log_normalizer
        return new, log_normalizer

    def _free(self) -> Any:
        if self._is_normalized:
            return self._trans
        return self._trans + self._obs.marginalize(right=self.obs_dim).event_pad(left=self.hidden_dim)

    def rsample_posterior(self, value: Tensor, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws the hidden states, given series, with gradients to the parameters and to the series.

        Args:
            value: series, broadcastable with batch_shape + event_shape.
            sample_shape: shape of independent draws.

        Returns:
            Hidden states of the steps 1, ..., T, shape sample_shape + batch_shape + (T, H).
        """
        if self._validate_args:
            self._validate_sample(value)
        trans = _as_chain(self._given(value))
        init = self._init.expand(self._full_batch(trans.batch_shape[:-1]))
        return sequential_gaussian_filter_sample(init, trans, sample_shape)[..., 1:, :]


def _as_chain(trans: Gaussian) -> Gaussian:
    """The factors along time, also where nothing depends on it."""
    return trans if trans.batch_shape else trans.expand((1,))
