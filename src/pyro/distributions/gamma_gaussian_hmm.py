"""Hidden Markov model with Gaussian states and values whose noise has an unknown common scale."""

from collections.abc import Sequence
from typing import Any

from torch import Size, Tensor

from pyro.distributions.gamma import Gamma
from pyro.distributions.gaussian_chain import GaussianChain
from pyro.distributions.linear_shapes import linear_shapes
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.distributions.multivariate_studentt import MultivariateStudentT
from pyro.distributions.util import broadcast_shape
from pyro.ops.gamma_gaussian import (
    COMPOUNDS,
    GammaGaussian,
    gamma_and_mvn_to_gamma_gaussian,
    gamma_gaussian_tensordot,
    matrix_and_mvn_to_gamma_gaussian,
)
from pyro.ops.gaussian import Gaussian
from pyro.ops.pairwise import reduce_pairwise
from pyro.ops.tensor_utils import matvecmul, precision_to_scale_tril

__all__ = ["GammaGaussianHMM"]

COMPOUNDS.append(MultivariateStudentT)


class GammaGaussianHMM(GaussianChain):
    r"""Linear state space model with Student's t series: all precisions have an unknown common multiplier.

    .. math::
        s \sim \Gamma, \quad z_0 \sim N_0 / \sqrt s, \quad z_t = z_{t-1} A_t + u_t, \quad x_t = z_t B_t + v_t

    where the precisions of :math:`u_t` and :math:`v_t` are multiplied by :math:`s`, and their means are not changed.

    Args:
        scale_dist: the distribution of :math:`s`, a ``Gamma``; batch shape () or batch_shape.
        initial_dist: the distribution of :math:`z_0` at s = 1, a ``MultivariateNormal`` with event shape (H,).
        transition_matrix: :math:`A`, acts on row vectors; shape (H, H), or batch_shape + (T, H, H).
        transition_dist: the distribution of :math:`u` at s = 1, a ``MultivariateNormal``; batch shape () or
            batch_shape + (T,).
        observation_matrix: :math:`B`, shape (H, O), or batch_shape + (T, H, O).
        observation_dist: the distribution of :math:`v` at s = 1, a ``MultivariateNormal`` with event shape (O,).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
        duration: the number T of steps; needed to draw where no parameter tells it.

    Shape:
        event_shape is (T, O), with T = 1 where it is not known; the batch shapes broadcast.

    Support:
        real series.

    Raises:
        ValueError: if the parameters' shapes do not fit.

    References:
        Mike West, Jeff Harrison (1997), Bayesian Forecasting and Dynamic Models, ch. 4.5
    """

    def __init__(
        self,
        scale_dist: Any,
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
        batch_shape = Size(broadcast_shape(tuple(scale_dist.batch_shape), tuple(batch_shape)))
        self._scale_dist = scale_dist
        self._init = gamma_and_mvn_to_gamma_gaussian(scale_dist, initial_dist)
        self._trans = matrix_and_mvn_to_gamma_gaussian(transition_matrix, transition_dist)
        self._obs = matrix_and_mvn_to_gamma_gaussian(observation_matrix, observation_dist)
        super().__init__(duration, batch_shape, event_shape, validate_args)

    def _log_density(self, value: Tensor) -> Tensor:
        return self._ends(value).event_logsumexp().logsumexp()

    def _ends(self, value: Tensor) -> GammaGaussian:
        """The factor of the first and the last hidden state and of the multiplier, given a series."""
        whole = reduce_pairwise(self._given(value), lambda x, y: gamma_gaussian_tensordot(x, y, self.hidden_dim))
        ends: GammaGaussian = whole + self._init.event_pad(right=self.hidden_dim)
        return ends

    def filter(self, value: Tensor) -> tuple[Gamma, MultivariateNormal]:
        """The distribution of the multiplier and, at multiplier one, of the last hidden state, given a series.

        Args:
            value: series, broadcastable with batch_shape + event_shape.

        Returns:
            A ``Gamma`` and a ``MultivariateNormal``, whose precision is to be multiplied.
        """
        if self._validate_args:
            self._validate_sample(value)
        last = self._ends(value).marginalize(left=self.hidden_dim)
        last = last.expand(self._full_batch(last.batch_shape))
        scale = last.event_logsumexp()
        scale_tril = precision_to_scale_tril(last.precision)
        loc = matvecmul(scale_tril, matvecmul(scale_tril.mT, last.info_vec))
        return (Gamma(scale.concentration, scale.rate, validate_args=self._validate_args),
                MultivariateNormal(loc, scale_tril=scale_tril, validate_args=self._validate_args))

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws the multiplier and then series; see :meth:`GaussianChain.rsample`."""
        multiplier = self._scale_dist.expand(self.batch_shape).rsample(Size(sample_shape))
        fixed = self._changed(
            _init=_at(self._init, multiplier), _trans=_at(self._trans, multiplier[..., None]),
            _obs=_at(self._obs, multiplier[..., None]), _batch_shape=multiplier.shape)
        return fixed._draw(fixed._trans, Size())


def _at(factor: GammaGaussian, multiplier: Tensor) -> Gaussian:
    """The factor of the coordinates at a multiplier, up to a constant."""
    return Gaussian(factor.log_normalizer, factor.info_vec * multiplier[..., None],
                    factor.precision * multiplier[..., None, None])
