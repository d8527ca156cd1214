"""Gaussian state space model that is observed itself: a vector autoregression of first order."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Size, Tensor
from torch.distributions.utils import lazy_property

from pyro.distributions import constraints
from pyro.distributions.multivariate_normal import MultivariateNormal
from pyro.distributions.parametric import Parametric
from pyro.ops.affine_chain import affine_chain
from pyro.ops.tensor_utils import matvecmul, precision_to_scale_tril, repeated_matmul

__all__ = ["GaussianStateSpace"]


class GaussianStateSpace(Parametric):
    r"""Vector autoregression of first order.

    .. math::
        z_t = F z_{t-1} + \epsilon_t, \quad \epsilon_t \sim N(0, \Sigma), \quad t = 1, ..., T

    Args:
        num_steps: the number T of steps.
        transition_matrix: :math:`F`, acts on column vectors, shape batch_shape + (K, K).
        covariance_matrix: :math:`\Sigma`, positive definite, shape batch_shape + (K, K); give exactly one of
            the three.
        precision_matrix: its inverse.
        scale_tril: its Cholesky factor.
        initial_value: :math:`z_0`, shape batch_shape + (K,); zero by default.
        validate_args: whether to check parameters and values; ``None`` follows the global flag.

    Shape:
        event_shape is (T, K); the batch shapes broadcast.

    Support:
        real matrices.

    Raises:
        ValueError: unless exactly one of the three matrices is given.

    References:
        H. Lütkepohl (2005), New Introduction to Multiple Time Series Analysis, ch. 2

    Example:
        >>> GaussianStateSpace(3, torch.eye(1), scale_tril=torch.eye(1)).variance[:, 0]
        tensor([1., 2., 3.])
    """

    has_rsample = True
    support = constraints.independent(constraints.real, 2)
    arg_constraints = {
        "transition_matrix": constraints.independent(constraints.real, 2),
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
        "initial_value": constraints.real_vector,
    }
    transition_matrix: Tensor
    initial_value: Tensor

    def __init__(
        self,
        num_steps: int,
        transition_matrix: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        initial_value: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        choices = {"covariance_matrix": covariance_matrix, "precision_matrix": precision_matrix,
                   "scale_tril": scale_tril}
        given = {name: matrix for name, matrix in choices.items() if matrix is not None}
        if len(given) != 1:
            raise ValueError(f"GaussianStateSpace: expected exactly one of {', '.join(choices)}, got {len(given)}.")
        size = transition_matrix.size(-1)
        if initial_value is None:
            initial_value = transition_matrix.new_zeros(size)
        self.num_steps = num_steps
        super().__init__((num_steps, size), validate_args=validate_args, transition_matrix=transition_matrix,
                         initial_value=initial_value, **given)  # type: ignore[arg-type]  # not event_shape

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The Cholesky factor of the noise's covariance."""
        if "precision_matrix" in vars(self):
            return precision_to_scale_tril(self.precision_matrix)
        factor: Tensor = torch.linalg.cholesky(self.covariance_matrix)
        return factor

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """The noise's covariance."""
        return self.scale_tril @ self.scale_tril.mT

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the noise's covariance."""
        return torch.cholesky_inverse(self.scale_tril)

    def rsample(self, sample_shape: Sequence[int] = Size()) -> Tensor:
        """Draws series, with gradients to the parameters."""
        noise = torch.randn(self.shape(sample_shape), dtype=self.initial_value.dtype, device=self.initial_value.device)
        matrix = self.transition_matrix.mT[..., None, :, :]
        start = self.initial_value.expand(noise.shape[:-2] + noise.shape[-1:])
        return affine_chain(start, matrix, noise @ self.scale_tril.mT)

    def log_prob(self, value: Tensor) -> Tensor:
        """The log density of series.

        Args:
            value: series, broadcastable with batch_shape + event_shape.

        Returns:
            Their log densities.
        """
        if self._validate_args:
            self._validate_sample(value)
        first = self.initial_value[..., None, :].expand(value.shape[:-2] + (1,) + value.shape[-1:])
        before = torch.cat([first, value[..., :-1, :]], -2)
        noise = MultivariateNormal(torch.zeros_like(self.initial_value)[..., None, :],
                                   scale_tril=self.scale_tril[..., None, :, :], validate_args=False)
        log_prob: Tensor = noise.log_prob(  # type: ignore[no-untyped-call]
            value - before @ self.transition_matrix.mT)
        return log_prob.sum(-1)

    @property
    def _powers(self) -> Tensor:
        """The powers of the transition matrix, from the first on, along the third dimension from the right."""
        return repeated_matmul(self.transition_matrix, self.num_steps).movedim(0, -3)

    @property
    def mean(self) -> Tensor:
        """The mean, the initial value carried on."""
        return matvecmul(self._powers, self.initial_value[..., None, :])

    @property
    def variance(self) -> Tensor:
        """The variance: noise of all steps so far, carried on."""
        carried: Any = self._powers[..., :-1, :, :] @ self.scale_tril[..., None, :, :]
        spread = torch.cat([self.scale_tril[..., None, :, :], carried], -3)
        return spread.square().sum(-1).cumsum(-2)
