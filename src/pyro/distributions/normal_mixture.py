r"""What mixtures of normal distributions with diagonal covariances share.

Draws are reparameterized, though the choice of a component is discrete. A draw moves with a parameter :math:`\theta`
at a velocity v that carries the density along:

.. math::
    \frac{\partial p}{\partial \theta} + \nabla \cdot (p \, v) = 0

For the parameters of a component, the velocity is the component's own times its share in p. For the logits a family
states flows :math:`w_{jk}` from each component to each other, :math:`\nabla \cdot w_{jk} = p_k - p_j`; then
:math:`v_j = \pi_j \sum_k \pi_k w_{jk} / p`.

Source: M. Jankowiak, F. Obermeyer (2018), Pathwise derivatives beyond the reparameterization trick,
https://arxiv.org/abs/1806.01851; M. Jankowiak, T. Karaletsos (2019), Pathwise derivatives for multivariate
distributions, https://arxiv.org/abs/1806.01856
"""

import math
from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.nn.functional import log_softmax

from pyro.distributions import constraints
from pyro.distributions.categorical import Categorical
from pyro.distributions.parametric import Parametric
from pyro.distributions.util import gather

__all__ = ["LocatedMixture", "NormalMixture", "cdf_step", "change", "signed_exp"]

_HALF_LOG_2PI = math.log(2 * math.pi) / 2


class NormalMixture(Parametric):
    """Base class of mixtures of K normal distributions over vectors of size D, each with a diagonal covariance.

    Attributes:
        component_logits: unnormalised log weights of the components, shape batch_shape + (K,).
    """

    has_rsample = True
    support = constraints.real_vector
    _shaped_by = "coord_scale"
    component_logits: Tensor

    @property
    @abstractmethod
    def _locs(self) -> Tensor:
        """The components' means, shape batch_shape + (K, D)."""

    @property
    @abstractmethod
    def _scales(self) -> Tensor:
        """The components' standard deviations, of a shape that broadcasts with batch_shape + (K, D)."""

    @property
    def _log_weights(self) -> Tensor:
        return log_softmax(self.component_logits, -1)

    def _standardised(self, value: Tensor) -> Tensor:
        """The coordinates as each component sees them, shape (..., K, D)."""
        return (value.unsqueeze(-2) - self._locs) / self._scales

    def _log_density(self, value: Tensor) -> Tensor:
        log_peaks = self._log_weights - (self._scales.log() + _HALF_LOG_2PI).sum(-1)
        return torch.sub(log_peaks, self._standardised(value).square().sum(-1), alpha=0.5).logsumexp(-1)

    def _component(self, sample_shape: Sequence[int]) -> Tensor:
        """Draws the components' numbers."""
        chosen = Categorical(logits=self.component_logits, validate_args=False)
        number: Tensor = chosen.sample(Size(sample_shape))  # type: ignore[no-untyped-call]
        return number

    def _noise(self, sample_shape: Sequence[int]) -> Tensor:
        logits = self.component_logits
        return torch.randn(self.shape(sample_shape), dtype=logits.dtype, device=logits.device)

    @torch.no_grad()
    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a component and then a vector of it, without gradients."""
        locs, noise, index = self._locs, self._noise(sample_shape), self._component(sample_shape)[..., None, None]
        scale = gather(self._scales.expand_as(locs), index, -2).squeeze(-2)
        return torch.addcmul(gather(locs, index, -2).squeeze(-2), scale, noise)

    @property
    def mean(self) -> Tensor:
        """The mean, that of the components' means."""
        return (self._log_weights.exp().unsqueeze(-1) * self._locs).sum(-2)

    @property
    def variance(self) -> Tensor:
        """The variance: the mean of the components' plus that of their means."""
        spread = self._scales.square() + (self._locs - self.mean.unsqueeze(-2)).square()
        return (self._log_weights.exp().unsqueeze(-1) * spread).sum(-2)


class LocatedMixture(NormalMixture):
    """Base class of those whose components have means of their own.

    Args:
        locs: the means, shape batch_shape + (K, D).
        coord_scale: the standard deviations of coordinates, positive.
        component_logits: unnormalised log weights, shape batch_shape + (K,).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.
    """

    locs: Tensor
    coord_scale: Tensor

    def __init__(
        self, locs: Tensor, coord_scale: Tensor, component_logits: Tensor, *, validate_args: bool | None = None
    ) -> None:
        super().__init__(locs.shape[-1:], locs=locs, coord_scale=coord_scale, component_logits=component_logits,
                         validate_args=validate_args)

    @property
    def _locs(self) -> Tensor:
        return self.locs

    @abstractmethod
    def _flow(self, z: Tensor, log_probs: Tensor, log_pairs: Tensor) -> Tensor:
        """The flows from each component to all others.

        Args:
            z: the standardised value, shape (..., K, D).
            log_probs: the log densities of its coordinates, of the same shape.
            log_pairs: the logarithm of the weights of a component j and another k over p, shape (..., K, K).

        Returns:
            The sum over k of pairs times :math:`w_{jk}`, shape (..., K, D).
        """

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws a component and then a vector of it, with gradients to all parameters."""
        value = self.sample(sample_shape)
        with torch.no_grad():
            z, log_weights = self._standardised(value), self._log_weights
            log_probs = torch.sub(-_HALF_LOG_2PI - self._scales.log(), z.square(), alpha=0.5)
            log_joint = log_weights + log_probs.sum(-1)
            log_p = log_joint.logsumexp(-1, keepdim=True)
            shares = (log_joint - log_p).exp().unsqueeze(-1)
            velocity = self._flow(z, log_probs, log_weights.unsqueeze(-1) + (log_weights - log_p).unsqueeze(-2))
        moved = shares * (change(self._locs) + z * change(self._scales))
        return value + (moved + velocity * change(self.component_logits).unsqueeze(-1)).sum(-2)


def change(parameter: Tensor) -> Tensor:
    """Zero, with the parameter's gradient."""
    return parameter - parameter.detach()


def cdf_step(departure: Tensor, arrival: Tensor) -> Tensor:
    """The rise of the standard normal cdf from one place to another, by the smaller tails, which have more digits."""
    sign = torch.where(arrival + departure > 0, -1.0, 1.0)
    rise: Tensor = sign * (torch.special.ndtr(sign * arrival) - torch.special.ndtr(sign * departure))
    return rise


def signed_exp(factor: Tensor, exponent: Tensor) -> Tensor:
    """A factor, which may be tiny, times an exponential, which may be huge."""
    return factor.sign() * (exponent + factor.abs().clamp(min=torch.finfo(factor.dtype).tiny).log()).exp()
