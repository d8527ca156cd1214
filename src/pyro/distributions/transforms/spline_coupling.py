"""The coupling layer of splines."""

from collections.abc import Callable

import torch
from torch import Tensor

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.flow import Flow
from pyro.distributions.transforms.spline import ConditionalSpline, Spline, count_spline_parameters
from pyro.ops.dense_nn import DenseNN

__all__ = ["SplineCoupling", "spline_coupling"]


class SplineCoupling(Flow, TransformModule):
    """Passes one part of the variables through splines that a network computes from the other part.

    The first part goes through splines of its own, or stays. Map and inverse take one pass through the network each.

    Args:
        input_dim: number of variables.
        split_dim: size of the first part.
        hypernet: returns unconstrained widths, heights, derivatives and, for linear splines, lambdas of the second
            part's variables from the first part.
        count_bins: number of bins.
        bound: the interval's end.
        order: ``"linear"`` or ``"quadratic"``.
        identity: whether the first part stays as it is.

    Raises:
        ValueError: for another order.

    References:
        C. Durkan, A. Bekasov, I. Murray, G. Papamakarios (2019), "Neural spline flows", NeurIPS.

    Example:
        >>> spline_coupling(3)(torch.zeros(5, 3)).shape
        torch.Size([5, 3])
    """

    domain = codomain = constraints.real_vector

    def __init__(
        self,
        input_dim: int,
        split_dim: int,
        hypernet: Callable[[Tensor], tuple[Tensor, ...]],
        count_bins: int = 8,
        bound: float = 3.0,
        order: str = "linear",
        identity: bool = False,
    ) -> None:
        super().__init__()
        self.split_dim = split_dim
        self.identity = identity
        self.lower_spline = Spline(split_dim, count_bins, bound, order)
        self.upper_spline = ConditionalSpline(hypernet, input_dim - split_dim, count_bins, bound, order)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first, second = x[..., : self.split_dim], x[..., self.split_dim :]
        image, log_derivative = self.upper_spline.condition(first).spline_op(second)
        log_det = log_derivative.sum(-1)
        if not self.identity:
            first, log_derivative = self.lower_spline.spline_op(first)
            log_det = log_det + log_derivative.sum(-1)
        return torch.cat([first, image], -1), log_det

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        first, second = y[..., : self.split_dim], y[..., self.split_dim :]
        log_det = torch.zeros_like(y[..., 0])
        if not self.identity:
            first, log_derivative = self.lower_spline.spline_op(first, inverse=True)
            log_det = -log_derivative.sum(-1)
        origin, log_derivative = self.upper_spline.condition(first).spline_op(second, inverse=True)
        return torch.cat([first, origin], -1), log_det - log_derivative.sum(-1)


def spline_coupling(
    input_dim: int,
    split_dim: int | None = None,
    hidden_dims: list[int] | None = None,
    count_bins: int = 8,
    bound: float = 3.0,
) -> SplineCoupling:
    """A :class:`SplineCoupling` of linear splines, with a network.

    Args:
        input_dim: number of variables.
        split_dim: size of the first part, one half by default.
        hidden_dims: sizes of the network's hidden layers, ``[10 * input_dim] * 2`` by default.
        count_bins: number of bins.
        bound: the interval's end.

    Returns:
        The flow.
    """
    split_dim = input_dim // 2 if split_dim is None else split_dim
    param_dims = [(input_dim - split_dim) * count for count in count_spline_parameters(count_bins, "linear")]
    nn = DenseNN(split_dim, hidden_dims or [10 * input_dim] * 2, param_dims)
    return SplineCoupling(input_dim, split_dim, nn, count_bins, bound)
