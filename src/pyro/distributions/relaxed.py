"""Relaxed discrete distributions: continuous, reparameterized neighbours of Bernoulli and one-hot categorical draws.

As the temperature falls to zero, draws concentrate on the discrete values.

Source: C. J. Maddison, A. Mnih, Y. W. Teh (2017), The Concrete Distribution, https://arxiv.org/abs/1611.00712
"""

from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions import constraints, relaxed_bernoulli, relaxed_categorical
from torch.distributions.transforms import ExpTransform, SigmoidTransform

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated
from pyro.distributions.weighted import Weighted

__all__ = ["ExpRelaxedCategorical", "LogitRelaxedBernoulli", "RelaxedBernoulli", "RelaxedOneHotCategorical"]


class _Tempered(Validated):
    """Checks the temperature, which is no parameter for torch."""

    temperature: Any

    def _validate_parameters(self) -> None:
        super()._validate_parameters()
        self._check_parameter("temperature", constraints.positive, torch.as_tensor(self.temperature))


class LogitRelaxedBernoulli(Validated, relaxed_bernoulli.LogitRelaxedBernoulli, TorchDistributionMixin):
    """The log-odds of a relaxed Bernoulli draw; for arguments see :class:`RelaxedBernoulli`.

    Example:
        >>> LogitRelaxedBernoulli(torch.tensor(1.0), logits=torch.tensor(0.0)).log_prob(torch.tensor(0.0)).exp()
        tensor(0.2500)
    """

    has_rsample = True

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(temperature, probs, logits, validate_args=validate_args)


class ExpRelaxedCategorical(Weighted, Validated, relaxed_categorical.ExpRelaxedCategorical, TorchDistributionMixin):
    """The logarithm of a relaxed one-hot draw; for arguments see :class:`RelaxedOneHotCategorical`.

    Example:
        >>> ExpRelaxedCategorical(torch.tensor(1.0), probs=torch.ones(3)).event_shape
        torch.Size([3])
    """

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        super().__init__(probs, logits, validate_args=validate_args)


class RelaxedBernoulli(_Tempered, Validated, torch.distributions.RelaxedBernoulli, TorchDistributionMixin):
    r"""Relaxed Bernoulli distribution.

    .. math::
        x = \mathrm{sigmoid}((\mathrm{logit}(p) + \mathrm{logit}(u)) / \tau), \quad u \sim \mathrm{Uniform}(0, 1)

    Args:
        temperature: how far draws are from 0 and 1, :math:`\tau > 0`.
        probs: success probability :math:`p` in [0, 1]; give this or ``logits``, not both.
        logits: log-odds :math:`\log p - \log(1 - p)`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is that of ``probs`` or ``logits``, event_shape is ().

    Support:
        the unit interval.

    References:
        C. J. Maddison, A. Mnih, Y. W. Teh (2017), The Concrete Distribution, https://arxiv.org/abs/1611.00712

    Example:
        >>> RelaxedBernoulli(torch.tensor(1.0), probs=torch.tensor(0.5)).log_prob(torch.tensor(0.3))
        tensor(0.)
    """

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | float | None = None,
        logits: Tensor | float | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(temperature, probs, logits, validate_args=validate_args)

    def _construct(self, temperature: Tensor, probs: Tensor | float | None, logits: Tensor | float | None) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args=False)
        torch.distributions.TransformedDistribution.__init__(self, base, SigmoidTransform(), validate_args=False)


class RelaxedOneHotCategorical(
    _Tempered, Validated, torch.distributions.RelaxedOneHotCategorical, TorchDistributionMixin
):
    r"""Relaxed one-hot categorical distribution, also called Concrete or Gumbel-softmax.

    .. math::
        x = \mathrm{softmax}((\log p + g) / \tau), \quad g_k \sim \mathrm{Gumbel}(0, 1)

    Args:
        temperature: how far draws are from unit vectors, :math:`\tau > 0`.
        probs: nonnegative weights :math:`p_k` over the last dimension, normalised to one; give this or ``logits``,
            not both.
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
        >>> RelaxedOneHotCategorical(torch.tensor(1.0), probs=torch.ones(3)).event_shape
        torch.Size([3])
    """

    def __init__(
        self,
        temperature: Tensor,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(temperature, probs, logits, validate_args=validate_args)

    def _construct(self, temperature: Tensor, probs: Tensor | None, logits: Tensor | None) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=False)
        torch.distributions.TransformedDistribution.__init__(self, base, ExpTransform(), validate_args=False)

    @staticmethod
    def infer_shapes(
        temperature: tuple[int, ...],
        probs: tuple[int, ...] | None = None,
        logits: tuple[int, ...] | None = None,
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            temperature: shape of ``temperature``, which the batch does not depend on.
            probs: shape of ``probs``.
            logits: shape of ``logits``.

        Returns:
            batch_shape and event_shape.
        """
        return Weighted.infer_shapes(probs, logits)
