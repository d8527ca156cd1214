"""Normal distributions that take NaN for "not observed" and integrate it out.

Contract: gradients are finite whichever elements are missing. NaN counts as a missing element, not as an error.
"""

import math

import torch
from torch import Tensor

from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.distributions.normal import Normal
from pyro.ops.validation import surely_none

__all__ = ["NanMaskedMultivariateNormal", "NanMaskedNormal"]


class NanMaskedNormal(Normal):
    r"""Normal distribution whose NaN values have log density zero.

    .. math::
        p(x) = \frac{1}{\sigma \sqrt{2 \pi}} e^{-(x - \mu)^2 / 2 \sigma^2}, \quad p(\text{NaN}) = 1

    Args:
        loc: mean :math:`\mu`, real.
        scale: standard deviation :math:`\sigma > 0`.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        batch_shape is the broadcast shape of the parameters, event_shape is ().

    Support:
        the real line; NaN is scored too.

    References:
        D. B. Rubin (1976), Inference and missing data, Biometrika 63(3).

    Example:
        >>> NanMaskedNormal(0.0, 1.0).log_prob(torch.tensor([0.0, torch.nan]))
        tensor([-0.9189,  0.0000])
    """

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density, zero where the value is NaN.

        Args:
            value: numbers or NaN, broadcastable with batch_shape.

        Returns:
            Their log densities.
        """
        is_missing = value.isnan()
        return super().log_prob(torch.where(is_missing, self.loc, value)).masked_fill(is_missing, 0)


class NanMaskedMultivariateNormal(MultivariateNormal):
    r"""Multivariate normal distribution that scores the observed elements of a vector by their marginal density.

    With O the elements that are not NaN,

    .. math::
        p(x) = |2 \pi \Sigma_{OO}|^{-1/2} \exp\left(-\tfrac{1}{2} (x - \mu)_O^\top \Sigma_{OO}^{-1} (x - \mu)_O\right)

    Args:
        loc: mean :math:`\mu`, shape batch_shape + (K,).
        covariance_matrix: covariance :math:`\Sigma`, positive definite, shape batch_shape + (K, K); give
            exactly one of the three.
        precision_matrix: inverse of the covariance, positive definite.
        scale_tril: Cholesky factor of the covariance, lower triangular with a positive diagonal.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (K,); the batch shapes broadcast.

    Support:
        real vectors; those with NaN elements are scored too.

    References:
        D. B. Rubin (1976), Inference and missing data, Biometrika 63(3).

    Example:
        >>> normal = NanMaskedMultivariateNormal(torch.zeros(2), scale_tril=torch.eye(2))
        >>> normal.log_prob(torch.tensor([0.0, torch.nan]))
        tensor(-0.9189)
    """

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of the elements that are not NaN.

        Args:
            value: vectors of numbers or NaN, broadcastable with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        is_missing = value.isnan()
        if surely_none(is_missing):
            log_prob: Tensor = super().log_prob(value)  # type: ignore[no-untyped-call]
            return log_prob
        difference = torch.where(is_missing, self.loc, value) - self.loc
        if self._validate_args:
            self._validate_sample(difference)
        # Missing elements become independent standard normal ones with value zero. The factor R of the covariance that
        # remains comes from that of the whole one by a QR decomposition, which does not square its condition number.
        is_missing = is_missing.expand(difference.shape)
        factor = self._unbroadcasted_scale_tril.masked_fill(is_missing.unsqueeze(-1), 0)
        filled = is_missing.to(factor.dtype).diag_embed()
        root = torch.linalg.qr(torch.cat([factor.mT, filled], -2)).R
        z = torch.linalg.solve_triangular(root.mT, difference.unsqueeze(-1), upper=False).squeeze(-1)
        log_det = root.diagonal(dim1=-2, dim2=-1).abs().log().sum(-1)
        count = (~is_missing).to(factor.dtype).sum(-1)
        log_prob = -0.5 * (z.square().sum(-1) + count * math.log(2 * math.pi)) - log_det
        return log_prob
