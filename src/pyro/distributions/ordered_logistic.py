"""Ordered logistic distribution: the interval between cutpoints into which a logistic variable falls."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions.utils import lazy_property
from torch.nn.functional import logsigmoid

from pyro.distributions import constraints
from pyro.distributions.categorical import Categorical
from pyro.distributions.util import broadcast_shape

__all__ = ["OrderedLogistic"]


class OrderedLogistic(Categorical):
    r"""Ordered logistic distribution, for ordinal regression.

    .. math::
        P(y \le k) = \frac{1}{1 + e^{-(c_k - \eta)}}, \quad k = 0, \dots, K - 2

    Args:
        predictor: location :math:`\eta` of the logistic variable, real.
        cutpoints: increasing cutpoints :math:`c_k` over the last dimension, of size K - 1 > 0.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of ``predictor`` and of ``cutpoints`` without its last dimension; event_shape
        is ().

    Support:
        the integers 0, ..., K - 1.

    References:
        P. McCullagh (1980), Regression models for ordinal data, Journal of the Royal Statistical Society B 42(2).

    Example:
        >>> OrderedLogistic(torch.tensor(0.0), torch.tensor([0.0, 1.0])).probs
        tensor([0.5000, 0.2311, 0.2689])
    """

    arg_constraints = {"predictor": constraints.real, "cutpoints": constraints.ordered_vector}
    predictor: Tensor
    cutpoints: Tensor

    def __init__(self, predictor: Tensor | float, cutpoints: Tensor, *, validate_args: bool | None = None) -> None:
        super().__init__(predictor, cutpoints, validate_args=validate_args)  # type: ignore[arg-type]  # for _construct

    def _construct(self, predictor: Tensor | float, cutpoints: Tensor) -> None:
        predictor = torch.as_tensor(predictor, dtype=cutpoints.dtype, device=cutpoints.device)
        batch_shape = Size(broadcast_shape(tuple(predictor.shape), tuple(cutpoints.shape[:-1])))
        self.predictor, self.cutpoints = predictor.expand(batch_shape), cutpoints.expand(batch_shape + (-1,))
        self._num_events = cutpoints.shape[-1] + 1
        torch.distributions.Distribution.__init__(self, batch_shape, validate_args=False)

    @property
    def _above(self) -> Tensor:
        return self.cutpoints - self.predictor.unsqueeze(-1)

    # s(b) - s(a) = s(b) s(-a) (1 - e^(a - b)) for the sigmoid s: no digits cancel in the tails.

    @lazy_property
    def logits(self) -> Tensor:
        """The log probabilities, shape batch_shape + (K,)."""
        above = self._above
        log_below, log_beyond = logsigmoid(above), logsigmoid(-above)
        log_gap = (-torch.expm1(-self.cutpoints.diff())).log()
        between = log_below[..., 1:] + log_beyond[..., :-1] + log_gap
        return torch.cat([log_below[..., :1], between, log_beyond[..., -1:]], -1)

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities, shape batch_shape + (K,)."""
        above = self._above
        below, beyond = above.sigmoid(), above.neg().sigmoid()
        between = below[..., 1:] * beyond[..., :-1] * -torch.expm1(-self.cutpoints.diff())
        return torch.cat([below[..., :1], between, beyond[..., -1:]], -1)

    @property
    def _param(self) -> Tensor:  # type: ignore[override]  # an attribute in torch
        return self.logits

    def expand(self, batch_shape: Sequence[int], _instance: "OrderedLogistic | None" = None) -> "OrderedLogistic":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: OrderedLogistic = self._get_checked_instance(OrderedLogistic, _instance)
        batch_shape = Size(batch_shape)
        new._construct(self.predictor.expand(batch_shape), self.cutpoints.expand(batch_shape + (-1,)))
        new._validate_args = self._validate_args
        return new
