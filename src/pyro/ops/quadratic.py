r"""Quadratic exponents :math:`x^\top \eta - \tfrac12 x^\top \Lambda x`: the part that Gaussians of all kinds share.

With coordinates in two blocks :math:`x = (a, b)`, integrating :math:`b` out is one Cholesky decomposition
:math:`\Lambda_{bb} = L L^\top` and one triangular solve :math:`[W, w] = L^{-1} [\Lambda_{ba}, \eta_b]`:

.. math::
    \int \exp\left(x^\top \eta - \tfrac12 x^\top \Lambda x\right) db
    = \frac{(2 \pi)^{n_b / 2}}{|L|} \exp\left(\tfrac12 w^\top w + a^\top (\eta_a - W^\top w)
      - \tfrac12 a^\top (\Lambda_{aa} - W^\top W) a\right)

References:
    Mike West, Jeff Harrison (1997), Bayesian Forecasting and Dynamic Models, ch. 17
"""

import math
from typing import NamedTuple, Self

import torch
from torch import Tensor
from torch.nn.functional import pad

from pyro.ops.batched import Batched
from pyro.ops.tensor_utils import matvecmul, safe_cholesky, triangular_solve

__all__ = ["Elimination", "Quadratic", "eliminate", "eliminate_between"]


class Elimination(NamedTuple):
    """What is left after integrating a block out.

    Attributes:
        info_vec: linear coefficients of the other coordinates.
        precision: their quadratic coefficients.
        log_volume: log of the factor (2 pi)^(n/2) / |L|.
        energy: half the square of the whitened linear coefficients.
        factor: the Cholesky factor of the block's precision.
        solved: the factor's inverse times couplings and linear coefficients side by side, from which the block is
            drawn given the others.
    """

    info_vec: Tensor
    precision: Tensor
    log_volume: Tensor
    energy: Tensor
    factor: Tensor
    solved: Tensor


def eliminate(info_a: Tensor, precision_aa: Tensor, precision_ba: Tensor, info_b: Tensor,
              precision_bb: Tensor) -> Elimination:
    """Integrates a block of coordinates out.

    Args:
        info_a: linear coefficients of the coordinates that stay.
        precision_aa: their quadratic coefficients.
        precision_ba: the couplings.
        info_b: linear coefficients of the coordinates that go.
        precision_bb: their quadratic coefficients, positive definite.

    Returns:
        What is left.
    """
    if precision_ba.shape[:-1] != info_b.shape:
        shape = torch.broadcast_shapes(precision_ba.shape[:-1], info_b.shape)
        precision_ba, info_b = precision_ba.expand(shape + precision_ba.shape[-1:]), info_b.expand(shape)
    factor = safe_cholesky(precision_bb)
    solved = triangular_solve(torch.cat([precision_ba, info_b[..., None]], -1), factor)
    gram = solved.mT @ solved  # one product for W'W, W'w and w'w
    log_det = factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
    return Elimination(
        info_a - gram[..., :-1, -1],
        precision_aa - gram[..., :-1, :-1],
        0.5 * math.log(2 * math.pi) * info_b.size(-1) - log_det,
        0.5 * gram[..., -1, -1],
        factor,
        solved,
    )


class Quadratic(Batched):
    """Base of records that hold ``info_vec`` and ``precision`` of a quadratic exponent."""

    info_vec: Tensor
    precision: Tensor

    def dim(self) -> int:
        """The number of coordinates."""
        return self.info_vec.size(-1)

    def event_permute(self, perm: Tensor) -> Self:
        """Reorders coordinates.

        Args:
            perm: their old positions, in the new order.

        Returns:
            The reordered record.
        """
        def permuted(x: Tensor, event_dim: int) -> Tensor:
            for dim in range(-event_dim, 0):
                x = x.index_select(dim, perm)
            return x

        return self._map(permuted)

    def event_pad(self, left: int = 0, right: int = 0) -> Self:
        """Adds coordinates that the exponent does not depend on.

        Args:
            left: how many to the left of the others.
            right: how many to the right.

        Returns:
            The padded record.
        """
        return self._map(lambda x, event_dim: pad(x, (left, right) * event_dim))

    def eliminated(self, left: int = 0, right: int = 0) -> Elimination:
        """Integrates coordinates at the ends out; see :func:`eliminate`.

        Args:
            left: how many on the left.
            right: how many on the right.

        Returns:
            What is left.
        """
        n = self.dim()
        stay = slice(left, n - right)
        go = slice(0, left) if left else slice(n - right, n)
        if left and right:
            raise NotImplementedError(f"Expected coordinates to marginalize on one side, got left={left} and "
                                      f"right={right}. Marginalize one side after the other.")
        return eliminate(self.info_vec[..., stay], self.precision[..., stay, stay], self.precision[..., go, stay],
                         self.info_vec[..., go], self.precision[..., go, go])

    def quadratic_form(self, value: Tensor) -> Tensor:
        """The exponent at a point."""
        return (value * (self.info_vec - 0.5 * matvecmul(self.precision, value))).sum(-1)

    def fixed_right(self, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Fixes the rightmost coordinates.

        Args:
            value: their values.

        Returns:
            Linear and quadratic coefficients of the others, and the exponent of the fixed ones.
        """
        n = self.dim() - value.size(-1)
        info = self.info_vec[..., :n] - matvecmul(self.precision[..., :n, n:], value)
        inner = self.info_vec[..., n:] - 0.5 * matvecmul(self.precision[..., n:, n:], value)
        return info, self.precision[..., :n, :n], (value * inner).sum(-1)


def eliminate_between(x: Quadratic, y: Quadratic, dims: int) -> Elimination:
    """Adds two exponents that share coordinates, the last of one and the first of the other, and integrates these out.

    Args:
        x: exponent of coordinates (a, b).
        y: exponent of coordinates (b, c).
        dims: the number of coordinates b.

    Returns:
        What is left, an exponent of (a, c).
    """
    a, c = x.dim() - dims, y.dim() - dims
    info_a, info_b = x.info_vec.split([a, dims], -1)
    info_shared, info_c = y.info_vec.split([dims, c], -1)
    (x_aa, _), (left, x_bb) = (rows.split([a, dims], -1) for rows in x.precision.split([a, dims], -2))
    (y_bb, right), (_, y_cc) = (rows.split([dims, c], -1) for rows in y.precision.split([dims, c], -2))
    if left.shape[:-2] != right.shape[:-2]:
        shape = torch.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        left, right = left.expand(shape + left.shape[-2:]), right.expand(shape + right.shape[-2:])
    return eliminate(
        pad(info_a, (0, c)) + pad(info_c, (a, 0)), pad(x_aa, (0, c, 0, c)) + pad(y_cc, (a, 0, a, 0)),
        torch.cat([left, right], -1), info_b + info_shared, x_bb + y_bb,
    )
