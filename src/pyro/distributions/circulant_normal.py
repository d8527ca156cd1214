"""Multivariate normal distribution whose covariance wraps around, by Hartley transforms."""

import math
from collections.abc import Sequence

import torch
from torch import Size, Tensor
from torch.distributions.utils import lazy_property

from pyro.distributions import constraints
from pyro.distributions.parametric import Parametric
from pyro.ops.hartley import circulant_eigenvalues, circulant_row, hartley

__all__ = ["CirculantNormal"]


class CirculantNormal(Parametric):
    r"""Multivariate normal distribution with a circulant covariance matrix, :math:`\Sigma_{ij} = c_{(j - i) \bmod n}`.

    The discrete Hartley transform diagonalises it, so everything takes time :math:`n \log n`.

    Args:
        loc: mean, shape batch_shape + (n,).
        covariance_row: the first row :math:`c` of the covariance matrix; give exactly one of the two.
        covariance_rfft: the covariance matrix's eigenvalues: the real Fourier transform of that row, positive, shape
            batch_shape + (n // 2 + 1,).
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (n,); the batch shapes broadcast.

    Support:
        real vectors.

    Raises:
        ValueError: unless exactly one of the two is given, and a vector as ``loc``.

    References:
        R. M. Gray (2006), "Toeplitz and circulant matrices: a review"

    Example:
        >>> CirculantNormal(torch.zeros(4), torch.tensor([2.0, 0.5, 0.1, 0.5])).log_prob(torch.ones(4))
        tensor(-5.5761)
    """

    has_rsample = True
    support = constraints.real_vector
    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_row": constraints.positive_definite_circulant_vector,
        "covariance_rfft": constraints.independent(constraints.positive, 1),
    }
    _shaped_by = "loc"
    loc: Tensor

    def __init__(
        self,
        loc: Tensor,
        covariance_row: Tensor | None = None,
        covariance_rfft: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        choices = {"covariance_row": covariance_row, "covariance_rfft": covariance_rfft}
        given = {name: tensor for name, tensor in choices.items() if tensor is not None}
        if len(given) != 1:
            raise ValueError(f"CirculantNormal: expected exactly one of {', '.join(choices)}, got {len(given)}.")
        if not isinstance(loc, Tensor) or loc.dim() < 1:
            raise ValueError("CirculantNormal: loc is a scalar, expected a vector. Expand it to the length of a draw.")
        super().__init__(loc.shape[-1:], validate_args=validate_args, loc=loc, **given)  # type: ignore[arg-type]

    @lazy_property
    def covariance_rfft(self) -> Tensor:
        """The covariance matrix's eigenvalues, each pair of equal ones once."""
        return self._eigenvalues[..., : self.event_shape[0] // 2 + 1]

    @lazy_property
    def covariance_row(self) -> Tensor:
        """The first row of the covariance matrix."""
        return circulant_row(self._eigenvalues)

    @lazy_property
    def _eigenvalues(self) -> Tensor:
        if "covariance_row" in vars(self):
            return circulant_eigenvalues(self.covariance_row)
        frequency = torch.arange(self.event_shape[0], device=self.loc.device)
        return self.covariance_rfft[..., torch.minimum(frequency, len(frequency) - frequency)]

    @property
    def covariance_matrix(self) -> Tensor:
        """The covariance matrix."""
        position = torch.arange(self.event_shape[0], device=self.loc.device)
        return self.covariance_row[..., (position - position[:, None]) % len(position)]

    def _log_det(self) -> Tensor:
        return self._eigenvalues.log().sum(-1)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws vectors, with gradients to the parameters."""
        noise = torch.randn(self.shape(sample_shape), dtype=self.loc.dtype, device=self.loc.device)
        return self.loc + hartley(noise * self._eigenvalues.sqrt())

    def _log_density(self, value: Tensor) -> Tensor:
        energy = (hartley(value - self.loc).square() / self._eigenvalues).sum(-1)
        log_prob: Tensor = -0.5 * (energy + self._log_det() + self.event_shape[0] * math.log(2 * math.pi))
        return log_prob

    @property
    def mean(self) -> Tensor:
        """The mean, ``loc``."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The variance, the same for all coordinates."""
        return self.covariance_row[..., :1].expand(self.shape())

    def entropy(self) -> Tensor:
        """The entropy."""
        return 0.5 * (self._log_det() + self.event_shape[0] * (1 + math.log(2 * math.pi)))
