"""One-hot categorical distributions: a categorical draw as a unit vector, also with a biased gradient of draws."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated
from pyro.distributions.weighted import Weighted

__all__ = ["OneHotCategorical", "OneHotCategoricalStraightThrough"]


class _UnitVectors(Weighted):
    """Draws unit vectors."""

    def sample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws unit vectors, of shape sample_shape + batch_shape + event_shape.

        ``torch.nn.functional.one_hot`` reads its argument's values.
        """
        outcome: Tensor = self._categorical.sample(Size(sample_shape)).unsqueeze(-1)
        weights: Tensor = self._categorical._param
        return (outcome == torch.arange(weights.shape[-1], device=weights.device)).to(weights.dtype)


class OneHotCategorical(_UnitVectors, Validated, torch.distributions.OneHotCategorical, TorchDistributionMixin):
    r"""One-hot categorical distribution.

    .. math::
        p(e_k) = p_k

    Args:
        probs: nonnegative weights :math:`p_k` over the last dimension, normalised to one; give this or ``logits``,
            not both.
        logits: unnormalised log weights over the last dimension.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the parameter's shape without its last dimension, of size K; event_shape is (K,).

    Support:
        the K unit vectors.

    References:
        C. M. Bishop (2006), Pattern Recognition and Machine Learning, section 2.2.

    Example:
        >>> OneHotCategorical(torch.tensor([0.25, 0.75])).log_prob(torch.tensor([0.0, 1.0])).exp()
        tensor(0.7500)
    """

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        super().__init__(probs, logits, validate_args=validate_args)


class OneHotCategoricalStraightThrough(
    _UnitVectors, Validated, torch.distributions.OneHotCategoricalStraightThrough, TorchDistributionMixin
):
    r"""One-hot categorical distribution whose draws pass gradients straight on to the probabilities.

    A reparameterized draw is :math:`e_k + p - \bar{p}`, where :math:`\bar{p}` is :math:`p` without its gradient: the
    value is a unit vector, the gradient is that of the probabilities. It is biased, but its variance is low.

    Args:
        probs: nonnegative weights :math:`p_k` over the last dimension, normalised to one; give this or ``logits``,
            not both.
        logits: unnormalised log weights over the last dimension.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the parameter's shape without its last dimension, of size K; event_shape is (K,).

    Support:
        the K unit vectors.

    References:
        Y. Bengio, N. Léonard, A. Courville (2013), Estimating or propagating gradients through stochastic neurons for
        conditional computation, https://arxiv.org/abs/1308.3432

    Example:
        >>> OneHotCategoricalStraightThrough(torch.tensor([0.25, 0.75])).has_rsample
        True
    """

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        super().__init__(probs, logits, validate_args=validate_args)
