"""The autoregressive flow of splines."""

from typing import Any

from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.autoregressive import ConditionalAutoregressive, InContext, invert_in_order
from pyro.distributions.transforms.flow import Flow
from pyro.distributions.transforms.spline import (
    ConditionalSpline,
    ConditionedSpline,
    constrain_spline,
    count_spline_parameters,
)
from pyro.ops.auto_reg_nn import AutoRegressiveNN, ConditionalAutoRegressiveNN

__all__ = ["ConditionalSplineAutoregressive", "SplineAutoregressive", "conditional_spline_autoregressive",
           "spline_autoregressive"]


class SplineAutoregressive(Flow, TransformModule):
    """Passes each variable through a spline, whose parameters a network computes from the variables before it.

    The map takes one pass through the network, its inverse one for each variable.

    Args:
        input_dim: number of variables.
        autoregressive_nn: returns unconstrained widths, heights, derivatives and, for linear splines, lambdas; it has
            the order of the variables as ``permutation``.
        count_bins: number of bins.
        bound: the interval's end.
        order: ``"linear"`` or ``"quadratic"``.

    Raises:
        ValueError: for another order.

    References:
        C. Durkan, A. Bekasov, I. Murray, G. Papamakarios (2019), "Neural spline flows", NeurIPS.

    Example:
        >>> import torch
        >>> flow = spline_autoregressive(3, order="quadratic")
        >>> flow(torch.zeros(5, 3)).shape
        torch.Size([5, 3])
    """

    domain = codomain = constraints.real_vector
    autoregressive = True

    def __init__(
        self, input_dim: int, autoregressive_nn: Any, count_bins: int = 8, bound: float = 3.0, order: str = "linear"
    ) -> None:
        super().__init__()
        self.arn = autoregressive_nn
        # It has the network once more: files of parameters have them under both names.
        self.spline = ConditionalSpline(autoregressive_nn, input_dim, count_bins, bound, order)

    def _spline(self, x: Tensor) -> ConditionedSpline:
        params = constrain_spline(tuple(each.mT for each in self.arn(x)))
        return ConditionedSpline(params, self.spline.bound, self.spline.order)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        y, log_derivative = self._spline(x).spline_op(x)
        return y, log_derivative.sum(-1)

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        def solve(x: Tensor) -> tuple[Tensor, Tensor]:
            candidate, log_derivative = self._spline(x).spline_op(y, inverse=True)
            return candidate, -log_derivative

        x, log_derivative = invert_in_order(y, self.arn.permutation, solve)
        return x, log_derivative.sum(-1)


class ConditionalSplineAutoregressive(ConditionalAutoregressive):
    """A :class:`SplineAutoregressive` whose network reads a context too.

    Args:
        input_dim: number of variables.
        autoregressive_nn: a :class:`~pyro.nn.ConditionalAutoRegressiveNN`.
        **kwargs: passed to :class:`SplineAutoregressive`.
    """

    def __init__(self, input_dim: int, autoregressive_nn: ConditionalAutoRegressiveNN, **kwargs: Any) -> None:
        super().__init__(autoregressive_nn, **kwargs)
        self.input_dim = input_dim

    def condition(self, context: Tensor) -> SplineAutoregressive:
        """The flow given a context."""
        return SplineAutoregressive(self.input_dim, InContext(self.nn, context), **self.kwargs)


def spline_autoregressive(
    input_dim: int,
    hidden_dims: list[int] | None = None,
    count_bins: int = 8,
    bound: float = 3.0,
    order: str = "linear",
) -> SplineAutoregressive:
    """A :class:`SplineAutoregressive` with a network.

    Args:
        input_dim: number of variables.
        hidden_dims: sizes of the network's hidden layers, ``[10 * input_dim] * 2`` by default.
        count_bins: number of bins.
        bound: the interval's end.
        order: ``"linear"`` or ``"quadratic"``.

    Returns:
        The flow.
    """
    param_dims = count_spline_parameters(count_bins, order)
    nn = AutoRegressiveNN(input_dim, hidden_dims or [10 * input_dim] * 2, param_dims)
    return SplineAutoregressive(input_dim, nn, count_bins, bound, order)


def conditional_spline_autoregressive(
    input_dim: int,
    context_dim: int,
    hidden_dims: list[int] | None = None,
    count_bins: int = 8,
    bound: float = 3.0,
    order: str = "linear",
) -> ConditionalSplineAutoregressive:
    """A :class:`ConditionalSplineAutoregressive` with a network.

    Args:
        input_dim: number of variables.
        context_dim: size of the context.
        hidden_dims: sizes of the network's hidden layers, ``[10 * input_dim] * 2`` by default.
        count_bins: number of bins.
        bound: the interval's end.
        order: ``"linear"`` or ``"quadratic"``.

    Returns:
        The conditional flow.
    """
    param_dims = count_spline_parameters(count_bins, order)
    nn = ConditionalAutoRegressiveNN(input_dim, context_dim, hidden_dims or [10 * input_dim] * 2, param_dims)
    return ConditionalSplineAutoregressive(input_dim, nn, count_bins=count_bins, bound=bound, order=order)
