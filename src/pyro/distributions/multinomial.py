"""Multinomial distribution: how often each of K outcomes occurs in independent trials."""

import torch
from torch import Size, Tensor
from torch.distributions.utils import lazy_property

from pyro.distributions.binomial import Binomial
from pyro.distributions.torch_distribution import TorchDistributionMixin
from pyro.distributions.util import broadcast_shape
from pyro.distributions.validated import Validated
from pyro.distributions.weighted import Weighted
from pyro.ops.log_space import select

__all__ = ["Multinomial"]


class Multinomial(Weighted, Validated, torch.distributions.Multinomial, TorchDistributionMixin):
    r"""Multinomial distribution.

    .. math::
        p(x) = \frac{n!}{\prod_k x_k!} \prod_k p_k^{x_k}

    Args:
        total_count: number of trials :math:`n`, one for the whole batch.
        probs: nonnegative weights :math:`p_k` over the last dimension, normalised to one; give this or
            ``logits``, not both.
        logits: unnormalised log weights over the last dimension.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the parameter's shape without its last dimension, of size K; event_shape is (K,).

    Support:
        vectors of counts that sum to ``total_count``.

    References:
        N. L. Johnson, S. Kotz, N. Balakrishnan (1997), Discrete Multivariate Distributions, ch. 35.

    Example:
        >>> Multinomial(4, probs=torch.tensor([0.25, 0.75])).mean
        tensor([1., 3.])
    """

    def __init__(
        self,
        total_count: int = 1,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(total_count, probs, logits, validate_args=validate_args)

    def _construct(  # type: ignore[override]  # it is called by the constructor alone, with its arguments
        self, total_count: int, probs: Tensor | None, logits: Tensor | None
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError(f"Expected the total_count of Multinomial to be an int, one for the whole batch, "
                                      f"got {total_count!r}. Use a plate of several Multinomials.")
        self.total_count = total_count
        super()._construct(probs, logits)

    @lazy_property
    def _binomial(self) -> Binomial:  # type: ignore[override]  # a plain attribute there
        """The counts of single outcomes, for the entropy."""
        return Binomial(self.total_count, self.probs, validate_args=False)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log probability of counts.

        Args:
            value: counts, broadcastable with batch_shape + event_shape.

        Returns:
            Their log probabilities.
        """
        if self._validate_args:
            self._validate_sample(value)
        # an outcome that did not occur says nothing, not even if it cannot
        log_weights = select(value != 0, self.logits, 0.0)
        orders = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        return orders + (value * log_weights).sum(-1)

    @staticmethod
    def infer_shapes(  # type: ignore[override]  # the same
        total_count: tuple[int, ...] | int | None = None,
        probs: tuple[int, ...] | None = None,
        logits: tuple[int, ...] | None = None,
    ) -> tuple[Size, Size]:
        """The shapes that parameters of given shapes lead to.

        Args:
            total_count: shape of ``total_count``; a number has none.
            probs: shape of ``probs``.
            logits: shape of ``logits``.

        Returns:
            batch_shape and event_shape.
        """
        counts = () if total_count is None or isinstance(total_count, int) else total_count
        weights = probs or logits or ()
        return Size(broadcast_shape(counts, weights[:-1])), Size(weights[-1:])
