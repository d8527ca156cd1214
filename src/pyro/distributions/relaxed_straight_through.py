"""Relaxed discrete distributions whose draws are discrete, with the gradient of the relaxed draw.

A draw is rounded to the nearest discrete value and passes its gradient straight on to the relaxed one. It is scored by
the relaxed density *of the relaxed draw that it was rounded from*, which this module remembers for as long as the
rounded draw is alive.

Source: C. J. Maddison, A. Mnih, Y. W. Teh (2017), The Concrete Distribution, https://arxiv.org/abs/1611.00712
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Size, Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from pyro.distributions.relaxed import RelaxedBernoulli, RelaxedOneHotCategorical
from pyro.distributions.torch_distribution import TorchDistributionMixin

__all__ = ["QuantizeBernoulli", "QuantizeCategorical", "RelaxedBernoulliStraightThrough",
           "RelaxedOneHotCategoricalStraightThrough"]

_RELAXED: WeakTensorKeyDictionary = WeakTensorKeyDictionary()
"""The relaxed draw from which each rounded one that is still alive comes."""


class _Quantize(torch.autograd.Function):
    """Rounds a relaxed draw; its gradient is that of the identity."""

    generate_vmap_rule = True

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Keeps nothing: the gradient does not depend on the value."""

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Passes the gradient on."""
        return grad_outputs[0]


class QuantizeBernoulli(_Quantize):
    """Rounds probabilities to 0 or 1.

    Example:
        >>> QuantizeBernoulli.apply(torch.tensor([0.3, 0.7]))
        tensor([0., 1.])
    """

    @staticmethod
    def forward(soft_value: Tensor) -> Tensor:
        """Rounds."""
        return soft_value.round()


class QuantizeCategorical(_Quantize):
    """Rounds points of the simplex to the nearest corner.

    Example:
        >>> QuantizeCategorical.apply(torch.tensor([0.3, 0.6, 0.1]))
        tensor([0., 1., 0.])
    """

    @staticmethod
    def forward(soft_value: Tensor) -> Tensor:
        """Rounds."""
        size = soft_value.shape[-1]
        corners = torch.arange(size, device=soft_value.device) == soft_value.argmax(-1, keepdim=True)
        return corners.to(soft_value.dtype)


class _StraightThrough(TorchDistributionMixin):
    """Draws rounded values of the relaxed family that follows among the bases."""

    _quantize: ClassVar[type[_Quantize]]

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws discrete values, with the gradient of the relaxed draws."""
        soft = super().rsample(Size(sample_shape))
        hard: Tensor = self._quantize.apply(soft)  # type: ignore[no-untyped-call]
        _RELAXED[hard] = soft
        return hard

    def log_prob(self, value: Tensor) -> Tensor:
        """The relaxed log density of the relaxed draw behind the value, or of the value itself."""
        log_prob: Tensor = super().log_prob(_RELAXED.get(value, value))  # type: ignore[safe-super]
        return log_prob


class RelaxedBernoulliStraightThrough(_StraightThrough, RelaxedBernoulli):
    r"""Relaxed Bernoulli distribution with draws in {0, 1} and the gradient of the relaxed draw.

    .. math::
        x = \mathrm{round}(y), \quad \frac{\partial x}{\partial y} := 1, \quad y \sim \mathrm{RelaxedBernoulli}

    :meth:`rsample` rounds; ``sample`` gives the relaxed draw itself.

    Args:
        temperature: how far relaxed draws are from 0 and 1, positive.
        probs: success probability in [0, 1]; give this or ``logits``, not both.
        logits: log-odds.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``probs`` or ``logits``, event_shape is ().

    Support:
        the unit interval.

    References:
        C. J. Maddison, A. Mnih, Y. W. Teh (2017), The Concrete Distribution, https://arxiv.org/abs/1611.00712

    Example:
        >>> bool((RelaxedBernoulliStraightThrough(torch.tensor(1.0), torch.tensor(0.5)).rsample([9]) % 1 == 0).all())
        True
    """

    _quantize = QuantizeBernoulli


class RelaxedOneHotCategoricalStraightThrough(_StraightThrough, RelaxedOneHotCategorical):
    r"""Relaxed one-hot categorical distribution with one-hot draws and the gradient of the relaxed draw.

    .. math::
        x = e_{\arg\max_k y_k}, \quad \frac{\partial x}{\partial y} := I, \quad y \sim \mathrm{RelaxedOneHotCategorical}

    :meth:`rsample` rounds; ``sample`` gives the relaxed draw itself.

    Args:
        temperature: how far relaxed draws are from unit vectors, positive.
        probs: nonnegative weights over the last dimension, normalised to one; give this or ``logits``, not both.
        logits: unnormalised log weights over the last dimension.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the weights' shape without its last dimension, of size K; event_shape is (K,).

    Support:
        the simplex.

    References:
        E. Jang, S. Gu, B. Poole (2017), Categorical reparameterization with Gumbel-softmax,
        https://arxiv.org/abs/1611.01144

    Example:
        >>> RelaxedOneHotCategoricalStraightThrough(torch.tensor(1.0), torch.ones(3)).rsample().sum()
        tensor(1.)
    """

    _quantize = QuantizeCategorical
