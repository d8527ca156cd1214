"""Covariances of a stream of vectors, kept up to date without keeping the vectors.

.. math::
    m_n = m_{n-1} + (x_n - m_{n-1}) / n, \\qquad S_n = S_{n-1} + (x_n - m_{n-1}) (x_n - m_n)^\\top

Estimates may be regularised towards a small multiple of the identity, which a short stream needs.

References:
    B. P. Welford (1962), "Note on a method for calculating corrected sums of squares and products"
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

__all__ = ["WelfordArrowheadCovariance", "WelfordCovariance"]

_PRIOR_SAMPLES = 5
"""The identity counts as much as so many samples."""
_PRIOR_VARIANCE = 1e-3


class _Stream(ABC):
    """Mean and sums of products of deviations."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forgets all samples."""
        self.n_samples = 0
        self._mean: Any = 0.0
        self._sums: Any = 0.0

    def update(self, sample: Tensor) -> None:
        """Takes a sample in.

        Args:
            sample: a vector.
        """
        self.n_samples += 1
        before = sample - self._mean
        self._mean = self._mean + before / self.n_samples
        self._sums = self._add_product(before, sample - self._mean)

    @abstractmethod
    def _add_product(self, before: Tensor, after: Tensor) -> Any:
        """The sums with the product of the deviations from the old and from the new mean."""

    def _covariance(self, sums: Tensor) -> Tensor:
        """The estimate that belongs to a part of the sums.

        Raises:
            RuntimeError: for less than two samples.
        """
        if self.n_samples < 2:
            raise RuntimeError(f"Insufficient samples to estimate covariance: {self.n_samples}, expected at least 2. "
                               "Call update() first.")
        return sums / (self.n_samples - 1)

    def _regularized(self, covariance: Tensor, diagonal: Tensor | float) -> Tensor:
        total = self.n_samples + _PRIOR_SAMPLES
        return covariance * (self.n_samples / total) + diagonal * (_PRIOR_VARIANCE * _PRIOR_SAMPLES / total)


class WelfordCovariance(_Stream):
    """Variances or the covariance matrix of a stream.

    Args:
        diagonal: whether to keep variances only.

    Example:
        >>> stream = WelfordCovariance()
        >>> for x in [1.0, 2.0, 3.0]:
        ...     stream.update(torch.tensor([x]))
        >>> stream.get_covariance(regularize=False)
        tensor([1.])
    """

    def __init__(self, diagonal: bool = True) -> None:
        self.diagonal = diagonal
        super().__init__()

    def _add_product(self, before: Tensor, after: Tensor) -> Tensor:
        product = before * after if self.diagonal else torch.outer(after, before)
        sums: Tensor = self._sums + product
        return sums

    def get_covariance(self, regularize: bool = True) -> Tensor:
        """The estimate.

        Args:
            regularize: whether to pull it towards a small multiple of the identity.

        Returns:
            Variances, or the covariance matrix.
        """
        covariance = self._covariance(self._sums)
        if not regularize:
            return covariance
        eye = 1.0 if self.diagonal else torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
        return self._regularized(covariance, eye)


class WelfordArrowheadCovariance(_Stream):
    """The part of the covariance matrix of a stream that makes an arrowhead matrix.

    Args:
        head_size: for how many of the first coordinates to keep all covariances; variances for the rest.
    """

    def __init__(self, head_size: int = 0) -> None:
        self.head_size = head_size
        super().__init__()

    def _add_product(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        head = self.head_size
        top, bottom = self._sums if self._sums else (0.0, 0.0)
        return top + torch.outer(after[:head], before), bottom + before[head:] * after[head:]

    def get_covariance(self, regularize: bool = True) -> tuple[Tensor, Tensor]:
        """The estimate.

        Args:
            regularize: whether to pull it towards a small multiple of the identity.

        Returns:
            The first rows of the covariance matrix, and the variances of the other coordinates.
        """
        top, bottom = (self._covariance(sums) for sums in self._sums or (torch.zeros(0), torch.zeros(0)))
        if not regularize:
            return top, bottom
        eye = torch.eye(*top.shape, dtype=top.dtype, device=top.device)
        return self._regularized(top, eye), self._regularized(bottom, 1.0)
