"""The Sylvester flow, with as many units as variables."""

from math import sqrt

import torch
from torch import Tensor, nn

from pyro.distributions.transforms.flow import Flow
from pyro.distributions.transforms.householder import Householder
from pyro.distributions.util import eye_like

__all__ = ["Sylvester", "sylvester"]


class Sylvester(Householder):
    r"""Adds what a network with one hidden layer computes, in rotated coordinates.

    .. math::
        y = x + Q R \tanh(S Q^\top x + b), \qquad
        |\det J| = \prod_i \big(1 + (1 - \tanh^2(S Q^\top x + b)_i) R_{ii} S_{ii}\big)

    Q is a product of reflections, R and S are upper triangular, with diagonals within (-1, 1), for which the map is one
    to one. Its inverse has no closed form.

    Args:
        input_dim: number of variables.
        count_transforms: number of reflections.

    Raises:
        ValueError: if there is none.

    References:
        R. van den Berg, L. Hasenclever, J. M. Tomczak, M. Welling (2018), "Sylvester normalizing flows for variational
        inference", UAI.

    Example:
        >>> Sylvester(3)(torch.zeros(5, 3)).shape
        torch.Size([5, 3])
    """

    volume_preserving = False
    _no_inverse = KeyError
    triangular_mask: Tensor

    def __init__(self, input_dim: int, count_transforms: int = 1) -> None:
        super().__init__(input_dim, count_transforms)
        square = torch.ones(input_dim, input_dim)
        self.register_buffer("triangular_mask", square.triu(1))
        self.R_dense, self.S_dense = nn.Parameter(square), nn.Parameter(square.clone())
        self.R_diag, self.S_diag, self.b = (nn.Parameter(row.clone()) for row in square.new_ones(3, input_dim))
        self.reset_parameters2()

    def reset_parameters2(self) -> None:
        """Draws new parameters at random, those of the reflections excepted."""
        limit = 0.1 / sqrt(self.b.numel())
        for parameter in (self.R_dense, self.S_dense, self.R_diag, self.S_diag, self.b):
            nn.init.uniform_(parameter, -limit, limit)

    def Q(self, x: Tensor) -> Tensor:
        """The orthogonal matrix, of the dtype and device of x."""
        return super()._push(eye_like(x, x.size(-1)))[0]

    def R(self) -> Tensor:
        """The triangular matrix of the output."""
        return self.R_dense * self.triangular_mask + self.R_diag.tanh().diag()

    def S(self) -> Tensor:
        """The triangular matrix of the input."""
        return self.S_dense * self.triangular_mask + self.S_diag.tanh().diag()

    def dtanh_dx(self, x: Tensor) -> Tensor:
        """The derivative of tanh."""
        return 1 - x.tanh().square()

    def _push(self, x: Tensor) -> tuple[Tensor, Tensor]:
        q, r, s = self.Q(x), self.R(), self.S()
        inner = x @ q @ s.mT + self.b
        stretch = self.dtanh_dx(inner) * r.diagonal() * s.diagonal()
        return x + inner.tanh() @ r.mT @ q.mT, stretch.log1p().sum(-1)

    def _pull(self, y: Tensor) -> tuple[Tensor, Tensor]:
        return Flow._pull(self, y)  # that of the reflections alone is not its own


def sylvester(input_dim: int, count_transforms: int | None = None) -> Sylvester:
    """A :class:`Sylvester`.

    Args:
        input_dim: number of variables.
        count_transforms: number of reflections, ``input_dim // 2 + 1`` by default.

    Returns:
        The flow.
    """
    return Sylvester(input_dim, input_dim // 2 + 1 if count_transforms is None else count_transforms)
