"""Monotone splines as flows of single variables."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from pyro.distributions import constraints
from pyro.distributions.conditional import ConditionalTransformModule
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.conditioned import Given
from pyro.ops.dense_nn import DenseNN
from pyro.ops.rational_spline import rational_spline

__all__ = ["ConditionalSpline", "ConditionedSpline", "Spline", "conditional_spline", "constrain_spline",
           "count_spline_parameters", "spline"]

ORDERS = ("linear", "quadratic")


def _check_order(order: str) -> str:
    if order not in ORDERS:
        raise ValueError(f"Expected an 'order' of splines among {ORDERS}, got {order!r}.")
    return order


def count_spline_parameters(count_bins: int, order: str) -> list[int]:
    """How many widths, heights, derivatives and, for linear splines, lambdas a spline has."""
    counts = [count_bins, count_bins, count_bins - 1]
    return [*counts, count_bins] if _check_order(order) == "linear" else counts


def constrain_spline(raw: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """The parameters of a spline from unconstrained ones, of which bins are the last dimension."""
    widths, heights, derivatives, *lambdas = raw
    return (widths.softmax(-1), heights.softmax(-1), softplus(derivatives), *(each.sigmoid() for each in lambdas))


class ConditionedSpline(Given):
    r"""Passes each variable through a monotone spline on :math:`[-B, B]`, and leaves it as it is outside.

    See :mod:`pyro.ops.rational_spline` for the formulas. Map and inverse cost the same.

    Args:
        params: widths and heights of the bins, which sum to one, derivatives at the inner knots, and for linear splines
            lambdas, in this order.
        bound: the interval's end B.
        order: ``"linear"`` or ``"quadratic"``.

    Raises:
        ValueError: for another order.

    References:
        C. Durkan, A. Bekasov, I. Murray, G. Papamakarios (2019), "Neural spline flows", NeurIPS.
        H. M. Dolatabadi, S. Erfani, C. Leckie (2020), "Invertible generative modeling using linear rational splines",
        AISTATS.
    """

    domain = codomain = constraints.real

    def __init__(self, params: tuple[Tensor, ...], bound: float = 3.0, order: str = "linear") -> None:
        super().__init__(params)
        self.order = _check_order(order)
        self.bound = bound

    def spline_op(self, x: Tensor, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Applies the spline, or its inverse with ``inverse=True``, and returns the logarithms of derivatives too."""
        return rational_spline(x, self._params(), bound=self.bound, **kwargs)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.spline_op(x)

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        x, log_derivative = self.spline_op(y, inverse=True)
        return x, -log_derivative


class Spline(ConditionedSpline, TransformModule):
    """A :class:`ConditionedSpline` with parameters to be learnt, for each variable its own.

    Args:
        input_dim: number of variables.
        count_bins: number of bins.
        bound: the interval's end.
        order: ``"linear"`` or ``"quadratic"``.

    Raises:
        ValueError: for another order.

    Example:
        >>> Spline(3)(torch.full((3,), 5.0)).detach()
        tensor([5., 5., 5.])
    """

    def __init__(self, input_dim: int, count_bins: int = 8, bound: float = 3.0, order: str = "linear") -> None:
        super().__init__((), bound, order)
        self.input_dim = input_dim
        self.count_bins = count_bins
        self.unnormalized_widths = nn.Parameter(torch.randn(input_dim, count_bins))
        self.unnormalized_heights = nn.Parameter(torch.randn(input_dim, count_bins))
        self.unnormalized_derivatives = nn.Parameter(torch.randn(input_dim, count_bins - 1))
        if order == "linear":
            self.unnormalized_lambdas = nn.Parameter(torch.rand(input_dim, count_bins))

    def _params(self) -> tuple[Tensor, ...]:
        raw = (self.unnormalized_widths, self.unnormalized_heights, self.unnormalized_derivatives)
        return constrain_spline((*raw, self.unnormalized_lambdas) if self.order == "linear" else raw)


class ConditionalSpline(ConditionalTransformModule):
    """A :class:`ConditionedSpline` whose parameters a network computes from the context.

    Args:
        nn: returns unconstrained widths, heights, derivatives and, for linear splines, lambdas of all variables.
        input_dim: number of variables.
        count_bins: number of bins.
        bound: the interval's end.
        order: ``"linear"`` or ``"quadratic"``.

    Raises:
        ValueError: for another order.
    """

    domain = codomain = constraints.real
    bijective = True

    def __init__(
        self,
        nn: Callable[[Tensor], tuple[Tensor, ...]],
        input_dim: int,
        count_bins: int,
        bound: float = 3.0,
        order: str = "linear",
    ) -> None:
        super().__init__()
        self.order, self.bound = _check_order(order), bound
        self.input_dim, self.count_bins = input_dim, count_bins
        self.nn = nn

    def condition(self, context: Tensor) -> ConditionedSpline:
        """The flow given a context."""
        raw = tuple(each.unflatten(-1, (self.input_dim, -1)) for each in self.nn(context))
        return ConditionedSpline(constrain_spline(raw), self.bound, self.order)


def spline(input_dim: int, **kwargs: Any) -> Spline:
    """A :class:`Spline`.

    Args:
        input_dim: number of variables.
        **kwargs: passed to :class:`Spline`.

    Returns:
        The flow.
    """
    return Spline(input_dim, **kwargs)


def conditional_spline(
    input_dim: int,
    context_dim: int,
    hidden_dims: list[int] | None = None,
    count_bins: int = 8,
    bound: float = 3.0,
    order: str = "linear",
) -> ConditionalSpline:
    """A :class:`ConditionalSpline` with a network.

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
    param_dims = [input_dim * count for count in count_spline_parameters(count_bins, order)]
    nn = DenseNN(context_dim, hidden_dims or [10 * input_dim] * 2, param_dims)
    return ConditionalSpline(nn, input_dim, count_bins, bound, order)
