"""Categorical distribution over K outcomes."""

import torch
from torch import Tensor

from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.validated import Validated

__all__ = ["Categorical"]


class Categorical(Validated, torch.distributions.Categorical, TorchDistributionMixin):
    r"""Categorical distribution.

    .. math::
        p(k) = p_k

    Args:
        probs: nonnegative weights :math:`p_k` over the last dimension, normalised to one; give this or ``logits``,
            not both.
        logits: unnormalised log weights over the last dimension.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the parameter's shape without its last dimension, of size K; event_shape is ().

    Support:
        the integers 0, ..., K - 1.

    References:
        C. M. Bishop (2006), Pattern Recognition and Machine Learning, section 2.2.

    Example:
        >>> Categorical(torch.tensor([1.0, 3.0])).log_prob(torch.tensor([0, 1])).exp()
        tensor([0.2500, 0.7500])
    """

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        super().__init__(probs, logits, validate_args=validate_args)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log probability of outcomes.

        Outcomes that the whole batch shares, such as enumerated ones, select columns of the logits: the logits are
        not broadcast, so that time and memory of the backward pass grow with K instead of its square.

        Args:
            value: outcomes, broadcastable with batch_shape.

        Returns:
            Their log probabilities.
        """
        if self._validate_args:
            self._validate_sample(value)
        logits: Tensor = self.logits
        if value.shape == self._batch_shape:
            return logits.gather(-1, value.long().unsqueeze(-1)).squeeze(-1)
        outer_ndim = max(value.dim() - len(self._batch_shape), 0)
        if any(size != 1 for size in value.shape[outer_ndim:]):
            value, logits = torch.broadcast_tensors(value.long().unsqueeze(-1), logits)
            return logits.gather(-1, value[..., :1]).squeeze(-1)
        columns = logits.index_select(-1, value.reshape(-1).long())
        return columns.movedim(-1, 0).reshape(value.shape[:outer_ndim] + self._batch_shape)
