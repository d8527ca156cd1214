r"""Gaussian factors in natural form.

.. math::
    f(x) = \exp\left(c + x^\top \eta - \tfrac12 x^\top \Lambda x\right)

A factor need not be a density: the precision :math:`\Lambda` may be singular, as that of a conditional density
:math:`p(y \mid x)` as a function of :math:`(x, y)` is.

References:
    Mike West, Jeff Harrison (1997), Bayesian Forecasting and Dynamic Models, ch. 17
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor

from pyro.ops.quadratic import Elimination, Quadratic
from pyro.ops.tensor_utils import safe_cholesky, triangular_solve

__all__ = ["Gaussian", "gaussian_after"]


class Gaussian(Quadratic):
    """A Gaussian factor of some coordinates.

    Args:
        log_normalizer: the constant c.
        info_vec: the linear coefficients, precision times mean where there is a mean.
        precision: the quadratic coefficients, symmetric and positive semidefinite.

    Shape:
        ``log_normalizer``: batch_shape; ``info_vec``: batch_shape + (n,); ``precision``: batch_shape + (n, n).

    Example:
        >>> factor = Gaussian(torch.tensor(0.0), torch.zeros(2), torch.eye(2))
        >>> factor.event_logsumexp()  # log(2 pi)
        tensor(1.8379)
    """

    event_dims = {"log_normalizer": 0, "info_vec": 1, "precision": 2}
    log_normalizer: Tensor

    def __init__(self, log_normalizer: Tensor, info_vec: Tensor, precision: Tensor) -> None:
        super().__init__(log_normalizer, info_vec, precision)

    def __add__(self, other: Any) -> "Gaussian":
        """The product with another factor of the same coordinates, or with the exponential of a number."""
        if isinstance(other, Gaussian):
            return Gaussian(self.log_normalizer + other.log_normalizer, self.info_vec + other.info_vec,
                            self.precision + other.precision)
        if isinstance(other, int | float | Tensor):
            return Gaussian(self.log_normalizer + other, self.info_vec, self.precision)
        return NotImplemented

    __radd__ = __add__

    def __sub__(self, other: Tensor | float) -> "Gaussian":
        """The quotient by the exponential of a number."""
        if isinstance(other, int | float | Tensor):
            return self + -other
        return NotImplemented

    def log_density(self, value: Tensor) -> Tensor:
        """The logarithm of the factor.

        Args:
            value: a point, shape batch_shape + (n,).

        Returns:
            A tensor of the broadcast batch shape.
        """
        return self.log_normalizer + self.quadratic_form(value)

    def rsample(self, sample_shape: Sequence[int] = Size(), noise: Tensor | None = None) -> Tensor:
        """Draws from the normalised factor.

        Args:
            sample_shape: shape of independent draws.
            noise: standard normal numbers to use, of the result's shape.

        Returns:
            Draws of shape sample_shape + batch_shape + (n,).
        """
        shape = Size(sample_shape) + self.batch_shape + (self.dim(),)
        if noise is None:
            noise = torch.randn(shape, dtype=self.info_vec.dtype, device=self.info_vec.device)
        factor = safe_cholesky(self.precision)
        white = triangular_solve(self.info_vec[..., None], factor)[..., 0] + noise
        return triangular_solve(white[..., None], factor, transpose=True)[..., 0].expand(shape)

    def condition(self, value: Tensor) -> "Gaussian":
        """Fixes the rightmost coordinates.

        Args:
            value: their values.

        Returns:
            The factor of the others.
        """
        info_vec, precision, exponent = self.fixed_right(value)
        return Gaussian(self.log_normalizer + exponent, info_vec, precision)

    def left_condition(self, value: Tensor) -> "Gaussian":
        """Fixes the leftmost coordinates.

        Args:
            value: their values.

        Returns:
            The factor of the others.
        """
        return self.event_permute(_rotation(self.dim(), value.size(-1), value)).condition(value)

    def marginalize(self, left: int = 0, right: int = 0) -> "Gaussian":
        """Integrates coordinates on one side out.

        Args:
            left: how many on the left.
            right: how many on the right.

        Returns:
            The factor of the others.

        Raises:
            NotImplementedError: if both are positive.
        """
        return gaussian_after(self.log_normalizer, self.eliminated(left, right)) if left or right else self

    def event_logsumexp(self) -> Tensor:
        """The logarithm of the integral over all coordinates."""
        if not self.dim():
            return self.log_normalizer
        return self.marginalize(left=self.dim()).log_normalizer


def gaussian_after(log_normalizer: Tensor, rest: Elimination) -> Gaussian:
    """The factor that integrating coordinates out leaves.

    Args:
        log_normalizer: the constant from before.
        rest: what is left.

    Returns:
        The factor.
    """
    return Gaussian(log_normalizer + rest.log_volume + rest.energy, rest.info_vec, rest.precision)


def _rotation(dim: int, count: int, prototype: Tensor) -> Tensor:
    """The permutation that moves coordinates on the left to the right."""
    return torch.arange(dim, device=prototype.device).roll(-count)
