r"""Climbs by quasi-Newton steps, point after point, with what is known of the curvature on the way.

The steps :math:`s_i` so far and the changes :math:`y_i` of the gradient give an estimate of the inverse of the Hessian,

.. math::
    \Sigma = A + \begin{pmatrix} A Y & S \end{pmatrix}
    \begin{pmatrix} 0 & -R^{-1} \\ -R^{-T} & R^{-T} (D + Y^T A Y) R^{-1} \end{pmatrix}
    \begin{pmatrix} Y^T A \\ S^T \end{pmatrix}, \qquad R_{ij} = s_i \cdot y_j \text{ for } i \le j

with a diagonal A that follows the curvature and the diagonal D of R.

Values in single precision are too coarse to tell small steps from none. So close to the minimum, where values differ by
less than their rounding, the line search goes by slopes alone, and vectors should be in double precision.

References:
    R. H. Byrd, J. Nocedal and R. B. Schnabel (1994), *Representations of quasi-Newton matrices and their use in limited
    memory methods*, for the estimate;
    J. C. Gilbert and C. Lemarechal (1989), *Some numerical experiments with variable-storage quasi-Newton algorithms*,
    for its diagonal;
    A. S. Lewis and M. L. Overton (2013), *Nonsmooth optimization via quasi-Newton methods*, for the line search;
    W. W. Hager and H. Zhang (2005), *A new conjugate gradient method with guaranteed descent and an efficient line
    search*, for steps by slopes.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Curvature", "Point", "climb"]

_HISTORY = 20
_TRIALS = 30  # of step sizes
_ARMIJO, _WOLFE = 1e-4, 0.9


class Point(NamedTuple):
    """A point of a climb.

    Attributes:
        u: where, a vector.
        value: of the function there.
        slope: the gradient.
    """

    u: Tensor
    value: float
    slope: Tensor

    def is_finite(self) -> bool:
        """Whether value and gradient are finite."""
        return math.isfinite(self.value) and bool(self.slope.isfinite().all())


@dataclass
class Curvature:
    """An estimate of the inverse of the Hessian.

    Attributes:
        diagonal: A.
        steps: the latest steps.
        changes: the changes of the gradient that they brought.
    """

    diagonal: Tensor
    steps: list[Tensor] = field(default_factory=list)
    changes: list[Tensor] = field(default_factory=list)

    def updated(self, step: Tensor, change: Tensor) -> "Curvature":
        """The estimate after one more step.

        Args:
            step: the step.
            change: of the gradient.
        """
        b = step @ change
        if not bool(b > 1e-12 * (change @ change)):  # no curvature to learn from
            return self
        scaled = change * self.diagonal
        a, c = change @ scaled, step @ (step / self.diagonal)
        inverse = a / (b * self.diagonal) + change.square() / b - a * (step / self.diagonal).square() / (b * c)
        steps, changes = [*self.steps, step][-_HISTORY:], [*self.changes, change][-_HISTORY:]
        return Curvature(inverse.clamp(min=1e-12).reciprocal(), steps, changes)

    def _parts(self) -> tuple[Tensor, Tensor]:
        """The low-rank part ``B C B^T`` of the estimate, shapes (n, 2 m) and (2 m, 2 m)."""
        s, y = torch.stack(self.steps, -1), torch.stack(self.changes, -1)
        scaled = self.diagonal[:, None] * y
        r = (s.T @ y).triu()
        identity = torch.eye(len(r), dtype=r.dtype, device=r.device)
        r_inverse = torch.linalg.solve_triangular(r, identity, upper=True)
        corner = r_inverse.T @ (r.diagonal().diag() + y.T @ scaled) @ r_inverse
        upper = torch.cat([torch.zeros_like(r), -r_inverse], -1)
        return torch.cat([scaled, s], -1), torch.cat([upper, torch.cat([-r_inverse.T, corner], -1)], -2)

    def times(self, vector: Tensor) -> Tensor:
        """The product of the estimate with a vector.

        Args:
            vector: shape (n,).
        """
        product = self.diagonal * vector
        if self.steps:
            basis, core = self._parts()
            product = product + basis @ (core @ (basis.T @ vector))
        return product

    def standardized(self) -> Tensor:
        """The estimate as a matrix, in units of the standard deviations of each element given all the others.

        Shape:
            (n, n)
        """
        scale = self.conditional_scale()
        matrix = self.diagonal.diag()
        if self.steps:
            basis, core = self._parts()
            matrix = matrix + basis @ core @ basis.T
        return matrix / (scale[:, None] * scale)

    def conditional_scale(self) -> Tensor:
        """The standard deviation of each element given all the others: from the diagonal of the inverse estimate."""
        precision = self.diagonal.reciprocal()
        if self.steps:
            basis, core = self._parts()
            scaled = basis / self.diagonal[:, None]
            identity = torch.eye(len(core), dtype=core.dtype, device=core.device)
            middle = torch.linalg.solve(identity + core @ (basis.T @ scaled), core)
            precision = precision - ((scaled @ middle) * scaled).sum(-1)
        return precision.clamp(min=1e-12).rsqrt()

    def spread(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Makes draws of the normal distribution with the mean zero and this covariance.

        Args:
            noise: standard normal draws, shape (draws, n).

        Returns:
            The draws, and the logarithm of the covariance's determinant; NaN if the estimate is not positive definite.
        """
        root = self.diagonal.sqrt()
        if not self.steps:
            return root * noise, 2 * root.log().sum()
        basis, core = self._parts()
        q, r = torch.linalg.qr(basis / root[:, None])
        identity = torch.eye(r.shape[0], dtype=r.dtype, device=r.device)
        tril, info = torch.linalg.cholesky_ex(identity + r @ core @ r.T)
        log_det = 2 * (root.log().sum() + tril.diagonal().log().sum())
        draws = noise + (noise @ q) @ (tril - identity).T @ q.T
        return root * draws, torch.where(info == 0, log_det, torch.nan)


def climb(
    at: Callable[[Tensor], Point], start: Tensor, diagonal: Tensor, num_steps: int, tolerance: float
) -> Iterator[tuple[Point, Curvature]]:
    """The points of a climb, with what is known of the curvature there.

    Args:
        at: the point, with value and gradient.
        start: where to begin.
        diagonal: of the inverse of the Hessian, what is taken for it at the start.
        num_steps: at most how many steps.
        tolerance: ends the climb when a step promises no more.

    Yields:
        The points after the start, each lower than the one before but for rounding.

    Example:
        >>> scales = torch.tensor([1.0, 100.0])
        >>> bowl = lambda u: Point(u, 0.5 * (scales * u.square()).sum().item(), scales * u)
        >>> *_, (last, curvature) = climb(bowl, torch.ones(2), torch.ones(2), 50, 1e-9)
        >>> last.value < 1e-6, curvature.conditional_scale().round(decimals=1)
        (True, tensor([1.0000, 0.1000]))
    """
    point = at(start)
    if not point.is_finite():
        return
    curvature = Curvature(diagonal)
    for _ in range(num_steps):
        direction = -curvature.times(point.slope)
        decrease = -(direction @ point.slope).item()
        if not 0.5 * decrease > tolerance:
            return
        first = 1.0 if curvature.steps else min(1.0, 1.0 / decrease**0.5)
        found = _search(at, point, direction, first)
        if found is None:
            return
        curvature = curvature.updated(found.u - point.u, found.slope - point.slope)
        point = found
        yield point, curvature


def _search(
    at: Callable[[Tensor], Point], start: Point, direction: Tensor, size: float
) -> Point | None:
    """A step along a direction that lowers the value enough, and the slope too; by doubling and halving."""
    slope = (direction @ start.slope).item()
    rounding = 1e-6 * max(1.0, abs(start.value))
    low, high = 0.0, math.inf
    best: Point | None = None
    for _ in range(_TRIALS):
        trial = at(start.u + size * direction)
        new_slope = (direction @ trial.slope).item()
        is_low = trial.value <= start.value + _ARMIJO * size * slope
        is_level = trial.value <= start.value + rounding and new_slope <= (2 * _ARMIJO - 1) * slope
        if not trial.is_finite() or not (is_low or is_level):
            high = size
        elif new_slope < _WOLFE * slope:
            low, best = size, trial
        else:
            return trial
        size = 2 * low if math.isinf(high) else (low + high) / 2
    return best
