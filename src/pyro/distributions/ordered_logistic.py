"""Ordered logistic distribution: the interval between cutpoints into which a logistic variable falls."""

from collections.abc import Sequence

import torch
from torch import Size, Tensor
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
        batch_shape = broadcast_shape(tuple(predictor.shape), tuple(cutpoints.shape[:-1]))
        self.predictor, self.cutpoints = predictor.expand(batch_shape), cutpoints.expand(batch_shape + (-1,))
        above = self.cutpoints - self.predictor.unsqueeze(-1)
        log_below, log_beyond = logsigmoid(above), logsigmoid(-above)
        # s(b) - s(a) = s(b) s(-a) (1 - e^(a - b)) for the sigmoid s: no digits cancel in the tails.
        log_gap = (-torch.expm1(-self.cutpoints.diff())).log()
        between = log_below[..., 1:] + log_beyond[..., :-1] + log_gap
        logits = torch.cat([log_below[..., :1], between, log_beyond[..., -1:]], -1)
        torch.distributions.Categorical.__init__(self, logits=logits, validate_args=False)

    def expand(self, batch_shape: Sequence[int], _instance: "OrderedLogistic | None" = None) -> "OrderedLogistic":
        """Expands the batch shape.

        Args:
            batch_shape: the new batch shape.

        Returns:
            The expanded distribution.
        """
        new: OrderedLogistic = self._get_checked_instance(OrderedLogistic, _instance)
        batch_shape = Size(batch_shape)
        new.predictor = self.predictor.expand(batch_shape)
        new.cutpoints = self.cutpoints.expand(batch_shape + (-1,))
        return super().expand(batch_shape, new)  # type: ignore[no-untyped-call, no-any-return]
