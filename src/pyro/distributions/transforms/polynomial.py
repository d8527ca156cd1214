"""The sum-of-squares polynomial flow."""

from collections.abc import Callable
from math import sqrt

import torch
from torch import Tensor, nn

from pyro.distributions import constraints
from pyro.distributions.torch_transform import TransformModule
from pyro.distributions.transforms.flow import Flow
from pyro.ops.auto_reg_nn import AutoRegressiveNN

__all__ = ["Polynomial", "polynomial"]


class Polynomial(Flow, TransformModule):
    r"""Integrates a sum of squared polynomials, whose coefficients a network computes from the variables before.

    .. math::
        y_i = c_i + \int_0^{x_i} \sum_{k=1}^K \Big(\sum_{r=0}^R a_{kr}(x_{<i}) u^r\Big)^2 du, \qquad
        |\det J| = \prod_i \sum_k \Big(\sum_r a_{kr} x_i^r\Big)^2

    Its inverse has no closed form.

    Args:
        autoregressive_nn: returns the ``(count_degree + 1) * count_sum`` coefficients of each variable.
        input_dim: number of variables.
        count_degree: degree R of the polynomials.
        count_sum: number K of squares.

    References:
        P. Jaini, K. A. Selby, Y. Yu (2019), "Sum-of-squares polynomial flow", ICML.

    Example:
        >>> flow = Polynomial(AutoRegressiveNN(3, [10], param_dims=[10]), 3, count_degree=4, count_sum=2)
        >>> flow(torch.ones(5, 3)).shape
        torch.Size([5, 3])
    """

    domain = codomain = constraints.real_vector
    autoregressive = True
    _no_inverse = KeyError
    powers: Tensor
    power_mask: Tensor

    def __init__(
        self, autoregressive_nn: Callable[[Tensor], Tensor], input_dim: int, count_degree: int, count_sum: int
    ) -> None:
        super().__init__()
        self.arn = autoregressive_nn
        self.input_dim = input_dim
        self.count_degree = count_degree
        self.count_sum = count_sum
        self.c = nn.Parameter(torch.empty(input_dim))
        self.reset_parameters()
        powers = torch.arange(1, count_degree + 2, dtype=self.c.dtype)
        self.register_buffer("powers", powers)
        self.register_buffer("power_mask", powers + powers.unsqueeze(-1) - 1)
        self.register_buffer("mask", (powers + powers.unsqueeze(-1) - 1).reciprocal())

    def reset_parameters(self) -> None:
        """Draws new constants c at random."""
        limit = 1 / sqrt(self.c.numel())
        nn.init.uniform_(self.c, -limit, limit)

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # coefficients (..., variable, square, power)
        a = self.arn(x).unflatten(-2, (self.count_sum, self.count_degree + 1)).movedim(-1, -3)
        monomials = x.unsqueeze(-1).pow(self.powers - 1)
        terms = a * monomials.unsqueeze(-2)  # of each polynomial at x
        derivative = terms.sum(-1).square().sum(-1)
        # the integral of u^r u^s up to x is x times the product of both monomials, over r + s + 1
        integral = x * ((terms @ self.power_mask.reciprocal()) * terms).sum((-1, -2))
        return self.c + integral, derivative.log().sum(-1)


def polynomial(input_dim: int, hidden_dims: list[int] | None = None) -> Polynomial:
    """A :class:`Polynomial` of three squares of degree four, with a network.

    Args:
        input_dim: number of variables.
        hidden_dims: sizes of the network's hidden layers, ``[10 * input_dim]`` by default.

    Returns:
        The flow.
    """
    degree, squares = 4, 3
    nn = AutoRegressiveNN(input_dim, hidden_dims or [10 * input_dim], param_dims=[(degree + 1) * squares])
    return Polynomial(nn, input_dim, degree, squares)
