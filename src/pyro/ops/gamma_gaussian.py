r"""Gaussian factors whose precision has an unknown common multiplier with a gamma factor.

.. math::
    f(x, s) = s^\alpha \exp\left(c + s \left(x^\top \eta - \tfrac12 x^\top \Lambda x - \beta\right)\right)

They are closed under products, conditioning and marginalization of :math:`x`; integrating :math:`s` out as well gives
Student's t distributions.

References:
    Mike West, Jeff Harrison (1997), Bayesian Forecasting and Dynamic Models, ch. 4.5
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.distributions import MultivariateNormal

from pyro.ops.batched import Batched
from pyro.ops.gaussian import matrix_and_gaussian_to_gaussian, mvn_to_gaussian
from pyro.ops.quadratic import Elimination, Quadratic, eliminate_between
from pyro.ops.tensor_utils import matvecmul, precision_to_scale_tril

__all__ = ["COMPOUNDS", "Gamma", "GammaGaussian", "gamma_and_mvn_to_gamma_gaussian", "gamma_gaussian_tensordot",
           "matrix_and_mvn_to_gamma_gaussian", "scale_mvn"]

COMPOUNDS: list[Callable[[Tensor, Tensor, Tensor], Any]] = []
"""Builds a multivariate Student's t from degrees of freedom, location and Cholesky factor of the scale. Distributions
stand on a floor above this one, so the family registers itself."""


class Gamma(Batched):
    """A gamma factor, ``exp(log_normalizer) * s^(concentration - 1) * exp(-rate * s)``.

    Args:
        log_normalizer: log of the constant.
        concentration: the shape.
        rate: the rate.
    """

    event_dims = {"log_normalizer": 0, "concentration": 0, "rate": 0}
    log_normalizer: Tensor
    concentration: Tensor
    rate: Tensor

    def __init__(self, log_normalizer: Tensor, concentration: Tensor, rate: Tensor) -> None:
        super().__init__(log_normalizer, concentration, rate)

    def log_density(self, s: Tensor) -> Tensor:
        """The logarithm of the factor.

        Args:
            s: positive numbers.

        Returns:
            A tensor of the broadcast shape.
        """
        return self.log_normalizer + (self.concentration - 1) * s.log() - self.rate * s

    def logsumexp(self) -> Tensor:
        """The logarithm of the factor's integral."""
        return self.log_normalizer + self.concentration.lgamma() - self.concentration * self.rate.log()


class GammaGaussian(Quadratic):
    """A factor of coordinates x and of the multiplier s of their precision.

    Args:
        log_normalizer: the constant c.
        info_vec: the linear coefficients.
        precision: the quadratic coefficients, symmetric and positive semidefinite.
        alpha: the exponent of s.
        beta: the rate of s at x = 0.

    Shape:
        ``info_vec``: batch_shape + (n,); ``precision``: batch_shape + (n, n); the others: batch_shape.
    """

    event_dims = {"log_normalizer": 0, "info_vec": 1, "precision": 2, "alpha": 0, "beta": 0}
    log_normalizer: Tensor
    alpha: Tensor
    beta: Tensor

    def __init__(
        self, log_normalizer: Tensor, info_vec: Tensor, precision: Tensor, alpha: Tensor, beta: Tensor
    ) -> None:
        super().__init__(log_normalizer, info_vec, precision, alpha, beta)

    def __add__(self, other: Any) -> "GammaGaussian":
        """The product with another factor of the same coordinates, or with the exponential of a number."""
        if isinstance(other, GammaGaussian):
            pairs = zip(self._parts(), other._parts(), strict=True)
            return GammaGaussian(*(mine + its for (mine, _), (its, _) in pairs))
        if isinstance(other, int | float | Tensor):
            return GammaGaussian(self.log_normalizer + other, self.info_vec, self.precision, self.alpha, self.beta)
        return NotImplemented

    def log_density(self, value: Tensor, s: Tensor) -> Tensor:
        """The logarithm of the factor.

        Args:
            value: a point, shape batch_shape + (n,).
            s: the multiplier, shape batch_shape.

        Returns:
            A tensor of the broadcast batch shape.
        """
        return self.log_normalizer + self.alpha * s.log() + s * (self.quadratic_form(value) - self.beta)

    def condition(self, value: Tensor) -> "GammaGaussian":
        """Fixes the rightmost coordinates.

        Args:
            value: their values.

        Returns:
            The factor of the others.
        """
        info_vec, precision, exponent = self.fixed_right(value)
        return GammaGaussian(self.log_normalizer, info_vec, precision, self.alpha, self.beta - exponent)

    def marginalize(self, left: int = 0, right: int = 0) -> "GammaGaussian":
        """Integrates coordinates on one side out.

        Args:
            left: how many on the left.
            right: how many on the right.

        Returns:
            The factor of the others.

        Raises:
            NotImplementedError: if both are positive.
        """
        if not (left or right):
            return self
        rest = self.eliminated(left, right)
        return _gamma_gaussian(self.log_normalizer, self.alpha, self.beta, rest)

    def compound(self) -> Any:
        """The distribution of x with s integrated out: a multivariate Student's t.

        Returns:
            A ``MultivariateStudentT``.
        """
        gamma = self.event_logsumexp()
        df = 2 * gamma.concentration
        scale_tril = precision_to_scale_tril(self.precision)
        loc = matvecmul(scale_tril, matvecmul(scale_tril.mT, self.info_vec))
        return COMPOUNDS[-1](df, loc, scale_tril * (2 * gamma.rate / df).sqrt()[..., None, None])

    def event_logsumexp(self) -> Gamma:
        """The gamma factor of s that is left when all coordinates are integrated out."""
        rest = self.marginalize(left=self.dim())
        return Gamma(rest.log_normalizer, rest.alpha + 1, rest.beta)


def _gamma_gaussian(log_normalizer: Tensor, alpha: Tensor, beta: Tensor, rest: Elimination) -> GammaGaussian:
    return GammaGaussian(log_normalizer + rest.log_volume, rest.info_vec, rest.precision,
                         alpha - 0.5 * rest.factor.size(-1), beta - rest.energy)


def gamma_and_mvn_to_gamma_gaussian(gamma: Any, mvn: Any) -> GammaGaussian:
    """The joint density of a multiplier and of a normal vector whose precision it multiplies.

    Args:
        gamma: the multiplier's distribution, a ``Gamma``.
        mvn: the vector's distribution at multiplier one, a ``MultivariateNormal`` or a ``Normal(...).to_event(1)``.

    Returns:
        The factor.
    """
    concentration, rate = gamma.concentration, gamma.rate
    joint = _scaled(mvn)
    return GammaGaussian(
        joint.log_normalizer + concentration * rate.log() - concentration.lgamma(), joint.info_vec, joint.precision,
        joint.alpha + concentration - 1, joint.beta + rate)


def _scaled(mvn: Any) -> GammaGaussian:
    """The density of a normal vector as a factor of it and of the multiplier of its precision."""
    gaussian = mvn_to_gaussian(mvn)
    beta = 0.5 * (gaussian.info_vec * mvn.mean).sum(-1)
    alpha = torch.full_like(gaussian.log_normalizer, 0.5 * gaussian.dim())
    return GammaGaussian(gaussian.log_normalizer + beta, gaussian.info_vec, gaussian.precision, alpha, beta)


def scale_mvn(mvn: MultivariateNormal, s: Tensor) -> MultivariateNormal:
    """Multiplies the precision of a normal distribution.

    Args:
        mvn: the distribution.
        s: positive numbers, shape batch_shape.

    Returns:
        A distribution of the same class.
    """
    shape = torch.broadcast_shapes(s.shape, mvn.batch_shape)
    loc = mvn.loc.expand(shape + mvn.loc.shape[-1:])
    return type(mvn)(loc, scale_tril=mvn.scale_tril / s.sqrt()[..., None, None])


def matrix_and_mvn_to_gamma_gaussian(matrix: Tensor, mvn: Any) -> GammaGaussian:
    """The conditional density of y = x A + noise as a factor of (x, y) and of the multiplier of the noise's precision.

    Args:
        matrix: A, shape batch_shape + (n, m).
        mvn: the noise at multiplier one, a ``MultivariateNormal`` or a ``Normal(...).to_event(1)``.

    Returns:
        The factor.
    """
    noise = _scaled(mvn)
    joint = matrix_and_gaussian_to_gaussian(matrix, mvn_to_gaussian(mvn))
    return GammaGaussian(noise.log_normalizer, joint.info_vec, joint.precision, noise.alpha, noise.beta)


def gamma_gaussian_tensordot(x: GammaGaussian, y: GammaGaussian, dims: int = 0) -> GammaGaussian:
    """Multiplies two factors that share coordinates and the multiplier, and integrates the shared coordinates out.

    Args:
        x: a factor of coordinates (a, b).
        y: a factor of coordinates (b, c).
        dims: the number of coordinates b.

    Returns:
        A factor of (a, c).
    """
    if dims == 0:
        return x.event_pad(right=y.dim()) + y.event_pad(left=x.dim())
    return _gamma_gaussian(x.log_normalizer + y.log_normalizer, x.alpha + y.alpha, x.beta + y.beta,
                           eliminate_between(x, y, dims))
